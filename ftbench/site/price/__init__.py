"""What free threading costs and brings, release by release: ratios, pictures, plain texts."""
