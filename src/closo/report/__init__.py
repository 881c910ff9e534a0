"""Results -> one page that opens anywhere, with figures and tables beside it: `closo.report.build.build`."""
