//! Text that grows: wrapped, scrolled and drawn so that a new piece costs its own length and not
//! the length of what stands already.

pub mod figures;
mod find;
mod growing;
mod inline;
pub mod markdown;
mod scroll;
mod signs;
mod table;
mod wrap;

pub use find::{Find, find};
pub use growing::GrowingText;
pub use scroll::Scroll;
pub use signs::{one_line, spelled_out};
pub use table::{Entry, STAYS, TableRow, Tone, table_rows, table_text};
pub use wrap::{Row, cell_width, ellipsis, ellipsis_before, fit, grapheme_cells, wrap_from};
