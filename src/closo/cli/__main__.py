"""`python -m closo.cli` does the same as `closo`."""

from closo.cli import main

if __name__ == "__main__":
    main()
