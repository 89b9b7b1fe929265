//! The tree of templates.

use std::collections::{BTreeMap, BTreeSet};

use super::line_input::LineInput;
use crate::{
    model::TemplateId,
    safety::{MarkStyle, display_line_with},
    tui::{msg::LibraryEntry, text::Scroll},
};

/// A row of the tree as it is shown; its label is safe to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibraryRow {
    /// The head of a group: the category, how many templates it has, whether they are hidden.
    Category { category: String, label: String, count: usize, collapsed: bool },
    /// A template, by its place in [`Library::entries`].
    Template { entry: usize, label: String },
}

/// The templates of the workspace, grouped by category and filtered.
#[derive(Clone, Debug, Default)]
pub struct Library {
    entries: Vec<LibraryEntry>,
    rows: Vec<LibraryRow>,
    collapsed: BTreeSet<String>,
    selected: usize,
    /// Text that ids, names and categories must hold.
    pub filter: LineInput,
    /// Whether the filter takes the keys.
    pub filtering: bool,
    pub scroll: Scroll,
    height: usize,
    /// Whether the list was asked for and has not come.
    pub loading: bool,
    /// Why the list could not be read.
    pub error: Option<String>,
    marks: MarkStyle,
}

impl Library {
    /// An empty library that shows names with the given marks.
    #[must_use]
    pub fn new(marks: MarkStyle) -> Self {
        Self { marks, scroll: Scroll::at_top(), ..Self::default() }
    }

    /// Every template, filtered or not.
    #[must_use]
    pub fn entries(&self) -> &[LibraryEntry] {
        &self.entries
    }

    /// The ids of every template, filtered out or not.
    pub fn ids(&self) -> impl Iterator<Item = &TemplateId> {
        self.entries.iter().map(|entry| &entry.id)
    }

    /// The rows to show, in order.
    #[must_use]
    pub fn rows(&self) -> &[LibraryRow] {
        &self.rows
    }

    /// The selected row.
    #[must_use]
    pub const fn selected(&self) -> usize {
        self.selected
    }

    /// The selected template, if a template is selected.
    #[must_use]
    pub fn selected_entry(&self) -> Option<&LibraryEntry> {
        match self.rows.get(self.selected)? {
            LibraryRow::Template { entry, .. } => self.entries.get(*entry),
            LibraryRow::Category { .. } => None,
        }
    }

    /// The entry of a template.
    #[must_use]
    pub fn entry(&self, id: &TemplateId) -> Option<&LibraryEntry> {
        self.entries.iter().find(|entry| entry.id == *id)
    }

    /// Takes a new list; the selection stays on the template it was on.
    pub fn set_entries(&mut self, mut entries: Vec<LibraryEntry>) {
        let kept = self.selected_entry().map(|entry| entry.id.clone());
        entries.sort_by(|a, b| (&a.category, &a.id).cmp(&(&b.category, &b.id)));
        self.entries = entries;
        self.loading = false;
        self.error = None;
        self.rebuild();
        match kept {
            Some(id) => self.select_template(&id),
            None => self.select_first_template(),
        }
    }

    /// Says whether a template holds a draft.
    pub fn mark_draft(&mut self, id: &TemplateId, draft: bool) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == *id) {
            entry.draft = draft;
        }
    }

    /// Says which version a template's file has now.
    pub fn mark_version(&mut self, id: &TemplateId, version: &semver::Version) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == *id) {
            entry.version = Some(version.clone());
        }
    }

    /// After the filter changed: the rows that match, the first of them selected.
    pub fn refilter(&mut self) {
        let kept = self.selected_entry().map(|entry| entry.id.clone());
        self.rebuild();
        self.select_first_template();
        if let Some(id) = kept {
            self.select_template(&id);
        }
    }

    /// Rows in sight.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Takes the rows that are in sight; the selected one is brought among them.
    pub fn set_height(&mut self, height: usize) {
        if self.height != height {
            self.height = height;
            self.reveal();
        }
    }

    /// The first row in sight.
    #[must_use]
    pub const fn first_row(&self) -> usize {
        self.scroll.first(self.rows.len(), self.height)
    }

    /// Brings the selected row into sight.
    const fn reveal(&mut self) {
        self.scroll.reveal(self.selected, self.rows.len(), self.height);
    }

    /// Moves the selection by rows, stopping at both ends.
    pub fn move_by(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
        self.reveal();
    }

    /// Selects a row, if there is such a row.
    pub const fn select(&mut self, row: usize) {
        if row < self.rows.len() {
            self.selected = row;
            self.reveal();
        }
    }

    /// Selects a template, opening its group; nothing changes when it is not shown.
    pub fn select_template(&mut self, id: &TemplateId) {
        if let Some(category) = self.entry(id).map(|entry| entry.category.clone())
            && self.collapsed.remove(&category)
        {
            self.rebuild();
        }
        let place = self.rows.iter().position(|row| {
            matches!(row, LibraryRow::Template { entry, .. }
                if self.entries.get(*entry).is_some_and(|entry| entry.id == *id))
        });
        if let Some(place) = place {
            self.select(place);
        }
    }

    /// Hides or shows the group of the selected row; from a template, its group's head becomes
    /// the selection when it is hidden. `None` toggles.
    pub fn fold(&mut self, hide: Option<bool>) {
        let category = match self.rows.get(self.selected) {
            Some(LibraryRow::Category { category, .. }) => category.clone(),
            Some(LibraryRow::Template { entry, .. }) => match self.entries.get(*entry) {
                Some(entry) => entry.category.clone(),
                None => return,
            },
            None => return,
        };
        if hide.unwrap_or_else(|| !self.collapsed.contains(&category)) {
            self.collapsed.insert(category.clone());
        } else {
            self.collapsed.remove(&category);
        }
        self.rebuild();
        let head = self.rows.iter().position(
            |row| matches!(row, LibraryRow::Category { category: head, .. } if *head == category),
        );
        self.selected = match (hide, head) {
            (Some(false), _) | (_, None) => self.selected.min(self.rows.len().saturating_sub(1)),
            (_, Some(head)) => head,
        };
        self.reveal();
    }

    fn select_first_template(&mut self) {
        self.selected = self
            .rows
            .iter()
            .position(|row| matches!(row, LibraryRow::Template { .. }))
            .unwrap_or(0);
        self.reveal();
    }

    fn rebuild(&mut self) {
        let needle = self.filter.text().trim().to_lowercase();
        let matching: Vec<usize> = (0..self.entries.len())
            .filter(|&index| self.entries.get(index).is_some_and(|entry| matches(entry, &needle)))
            .collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in matching.iter().filter_map(|index| self.entries.get(*index)) {
            *counts.entry(entry.category.as_str()).or_default() += 1;
        }
        self.rows.clear();
        let mut group: Option<&str> = None;
        for &index in &matching {
            let Some(entry) = self.entries.get(index) else { continue };
            // What is searched for is shown even where its group is folded.
            let collapsed = needle.is_empty() && self.collapsed.contains(&entry.category);
            if group != Some(entry.category.as_str()) {
                group = Some(&entry.category);
                let count = counts.get(entry.category.as_str()).copied().unwrap_or(0);
                self.rows.push(LibraryRow::Category {
                    category: entry.category.clone(),
                    label: display_line_with(&entry.category, self.marks).into_owned(),
                    count,
                    collapsed,
                });
            }
            if !collapsed {
                let label = display_line_with(entry.id.name(), self.marks).into_owned();
                self.rows.push(LibraryRow::Template { entry: index, label });
            }
        }
        self.selected = self.selected.min(self.rows.len().saturating_sub(1));
    }
}

fn matches(entry: &LibraryEntry, needle: &str) -> bool {
    needle.is_empty()
        || entry.id.as_str().to_lowercase().contains(needle)
        || entry.category.to_lowercase().contains(needle)
        || entry.name.as_ref().is_some_and(|name| name.to_lowercase().contains(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, category: &str) -> LibraryEntry {
        LibraryEntry {
            id: TemplateId::new(id).expect("an id"),
            category: category.to_owned(),
            name: None,
            version: None,
            draft: false,
            broken: None,
        }
    }

    fn library() -> Library {
        let mut library = Library::new(MarkStyle::Unicode);
        library.set_entries(vec![
            entry("validation/probe", "validation"),
            entry("analysis/sentiment", "analysis"),
            entry("analysis/risks", "analysis"),
        ]);
        library
    }

    #[test]
    fn groups_and_names_are_sorted_and_the_first_template_is_selected() {
        let library = library();
        let labels: Vec<&str> = library
            .rows()
            .iter()
            .map(|row| match row {
                LibraryRow::Category { label, .. } | LibraryRow::Template { label, .. } => {
                    label.as_str()
                }
            })
            .collect();
        assert_eq!(labels, ["analysis", "risks", "sentiment", "validation", "probe"]);
        assert_eq!(library.selected(), 1);
    }

    #[test]
    fn folding_hides_a_group_and_filtering_looks_into_it() {
        let mut library = library();
        library.fold(Some(true));
        assert_eq!(library.rows().len(), 3);
        assert_eq!(library.selected(), 0);
        library.filter.set("senti");
        library.refilter();
        assert_eq!(library.rows().len(), 2);
        assert_eq!(library.selected_entry().map(|e| e.id.name()), Some("sentiment"));
        library.filter.clear();
        library.refilter();
        assert_eq!(
            library.selected_entry().map(|e| e.id.name()),
            Some("sentiment"),
            "what is selected is shown, even if its group was folded"
        );
    }

    #[test]
    fn the_selection_survives_a_new_list() {
        let mut library = library();
        library.select_template(&TemplateId::new("validation/probe").expect("an id"));
        library.set_entries(vec![entry("a/b", "a"), entry("validation/probe", "validation")]);
        assert_eq!(library.selected_entry().map(|e| e.id.as_str()), Some("validation/probe"));
    }
}
