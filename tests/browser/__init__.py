"""What only a browser can tell. A package, so that its browser closes before the other tests run."""
