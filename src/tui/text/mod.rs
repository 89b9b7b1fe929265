//! Text that grows: wrapped, scrolled and marked up a line at a time.
