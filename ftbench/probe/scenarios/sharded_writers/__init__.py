"""Producers send ids to the writers that own them."""
