"""The pages to work in, served on this machine: `closo serve`."""
