"""The command line, as ``python -m qb``."""

from qb.cli import main

if __name__ == "__main__":
    main()
