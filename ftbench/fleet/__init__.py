"""The matrix over many hosts: what is to be measured where, sent there, kept there and fetched."""
