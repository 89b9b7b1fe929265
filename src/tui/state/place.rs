//! Where one is: the screen, its pane, and what keys do there.

use crate::model::VariantName;

/// A screen, on its digit key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    #[default]
    Workbench,
    History,
    Charts,
}

impl Screen {
    /// Every screen, in the order of their keys.
    pub const ALL: [Self; 3] = [Self::Workbench, Self::History, Self::Charts];

    /// The name in the title line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workbench => "Workbench",
            Self::History => "History",
            Self::Charts => "Charts",
        }
    }
}

/// The pane of the workbench that keys go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    Library,
    Editor,
    Inputs,
    Output(VariantName),
}

/// Whether keys act or type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Act,
    Type,
}
