use super::*;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment::from_pairs(pairs.iter().copied())
}

fn with_file(text: &str, environment: &Environment) -> Result<Theme, ThemeError> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mine.toml"), text).expect("written");
    Theme::load("mine", environment, folder.path())
}

fn problems(text: &str) -> Vec<String> {
    match with_file(text, &environment(&[("TERM", "xterm")])) {
        Err(ThemeError::Invalid(ConfigError::Invalid(problems))) => problems
            .iter()
            .map(|problem| format!("{}:{} {}", problem.line, problem.column, problem.message))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_built_in_themes_are_valid_and_name_every_role() {
    for (name, text) in BUILT_IN {
        let written = file::read(Path::new(name), text).expect("valid");
        for role in Role::ALL {
            assert!(written.styles.contains_key(role), "{name} lacks {}", role.as_str());
        }
    }
}

#[test]
fn roles_stand_at_their_own_index_and_have_unlike_names() {
    let mut names = std::collections::BTreeSet::new();
    for (index, role) in Role::ALL.iter().enumerate() {
        assert_eq!(*role as usize, index);
        assert!(names.insert(role.as_str()), "{} twice", role.as_str());
        assert_eq!(Role::named(role.as_str()), Some(*role));
    }
}

#[test]
fn the_default_theme_uses_only_the_terminals_own_colours() {
    let theme = Theme::terminal();
    for role in Role::ALL {
        let style = theme.style(*role);
        for colour in [style.fg, style.bg].into_iter().flatten() {
            assert!(!matches!(colour, Color::Rgb(..) | Color::Indexed(_)), "{}", role.as_str());
        }
    }
    assert_eq!(theme.variant(VariantName::B).fg, Some(Color::Magenta));
}

#[test]
fn without_colours_nothing_has_one_and_the_selection_is_seen() {
    for pairs in [&[("TERM", "xterm-256color"), ("NO_COLOR", "1")][..], &[("TERM", "vt100")]] {
        let theme = Theme::load("default", &environment(pairs), Path::new("/nowhere/at/all"))
            .expect("built in");
        assert_eq!(theme.name(), "mono");
        for role in Role::ALL {
            let style = theme.style(*role);
            assert_eq!((style.fg, style.bg), (None, None), "{}", role.as_str());
        }
        assert!(theme.style(Role::Selection).add_modifier.contains(Modifier::REVERSED));
    }
}

#[test]
fn what_must_differ_differs_in_both_built_in_themes() {
    for theme in [Theme::mono(), Theme::terminal()] {
        for (one, other) in [
            (Role::Text, Role::Selection),
            (Role::Text, Role::Dim),
            (Role::Border, Role::BorderFocused),
            (Role::Title, Role::TitleFocused),
            (Role::Tab, Role::TabActive),
            (Role::VariableKnown, Role::VariableMissing),
            (Role::DiffAdded, Role::DiffRemoved),
            (Role::Good, Role::Bad),
            (Role::Text, Role::MatchHighlight),
        ] {
            assert_ne!(theme.style(one), theme.style(other), "{} {one:?} {other:?}", theme.name());
        }
    }
}

#[test]
fn a_users_theme_lies_over_its_base_and_is_fitted() {
    let text = "[colours]\nsea = \"#0087d7\"\n[styles]\naccent = { foreground = \"sea\", bold = true }\ntitle = { background = 27 }\n";
    let theme = with_file(text, &environment(&[("TERM", "xterm-256color")])).expect("valid");
    assert_eq!(theme.style(Role::Accent).fg, Some(Color::Indexed(32)));
    assert!(theme.style(Role::Accent).add_modifier.contains(Modifier::BOLD));
    assert_eq!(theme.style(Role::Title).bg, Some(Color::Indexed(27)));
    assert_eq!(theme.style(Role::Good), Theme::terminal().style(Role::Good));
    let true_colour = environment(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]);
    let theme = with_file(text, &true_colour).expect("valid");
    assert_eq!(theme.style(Role::Accent).fg, Some(Color::Rgb(0, 0x87, 0xd7)));
    let bare = with_file("base = \"none\"\n", &true_colour).expect("valid");
    assert_eq!(bare.style(Role::Selection), Style::new());
}

#[test]
fn mistakes_are_told_with_their_place_and_the_nearest_key() {
    let told = problems(
        "base = \"defualt\"\nstyle = 1\n\n[styles]\nacent = {}\ntitle = { foreground = \"cyna\", blod = true }\nbad = { bold = 1 }\ngood = \"green\"\nwarning = { foreground = 256 }\n",
    );
    let expected = [
        "1:8 `base` must be one of \"default\", \"light\", \"mono\", \"none\"; did you mean `default`?",
        "2:1 unknown key `style`; did you mean `styles`?",
        "5:1 unknown key `acent` in [styles]; did you mean `accent`?",
        "6:24 `cyna` is no colour",
        "6:32 unknown key `blod` in the style `title`; did you mean `bold`?",
        "7:16 `bold` must be true or false",
        "8:8 `good` must be a table",
        "9:26 `foreground` must be a number from 0 to 255",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}\n{expected}");
    }
    assert!(told.iter().any(|line| line.ends_with("did you mean `cyan`?")), "{told:#?}");
    assert_eq!(problems("[styles\n").len(), 1);
}

#[test]
fn a_broken_theme_is_told_even_where_no_colour_is_wanted() {
    let error = with_file("nonsense = 1", &environment(&[("NO_COLOR", "1")]));
    assert!(matches!(error, Err(ThemeError::Invalid(_))), "{error:?}");
}

#[test]
fn names_are_names_and_unknown_ones_get_a_suggestion() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("seaside.toml"), "").expect("written");
    std::fs::write(folder.path().join("notes.txt"), "").expect("written");
    let load = |name| Theme::load(name, &environment(&[("TERM", "xterm")]), folder.path());
    assert_eq!(
        Theme::names(folder.path()),
        ["default", "light", "contrast", "harbour", "ember", "moss", "paper", "mono", "seaside"]
    );
    let error = load("seasid").expect_err("unknown").to_string();
    assert_eq!(
        error,
        "there is no theme `seasid`; did you mean `seaside`?; there are default, light, contrast, harbour, ember, moss, paper, mono, seaside"
    );
    for name in ["../default", "", "a/b", "/etc/passwd"] {
        assert!(matches!(load(name), Err(ThemeError::BadName { .. })), "{name}");
    }
    std::fs::create_dir(folder.path().join("folder.toml")).expect("created");
    assert!(matches!(load("folder"), Err(ThemeError::Unreadable { .. })));
}

/// Relative luminance by WCAG 2.2. The first sixteen colours are the user's own.
fn luminance(colour: Color) -> Option<f64> {
    let (red, green, blue) = match colour {
        Color::Rgb(red, green, blue) => (red, green, blue),
        Color::Indexed(index) if index >= 16 => colour::channels(index),
        _ => return None,
    };
    let [red, green, blue] = [red, green, blue].map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    Some(0.2126 * red + 0.7152 * green + 0.0722 * blue)
}

/// The contrast ratio of two colours by WCAG 2.2; `None` where one is the terminal's own.
fn contrast(one: Color, other: Color) -> Option<f64> {
    let (one, other) = (luminance(one)?, luminance(other)?);
    Some((one.max(other) + 0.05) / (one.min(other) + 0.05))
}

#[test]
fn every_role_can_be_read_on_every_ground_it_stands_on() {
    let full = environment(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]);
    let fewer = environment(&[("TERM", "xterm-256color")]);
    let mut known = 0;
    let looks = BUILT_IN.iter().flat_map(|(name, _)| [(*name, &full), (*name, &fewer)]);
    for (name, colours) in looks {
        let theme = Theme::load(name, colours, Path::new("/nowhere")).expect("built in");
        let ground = |role: Role| theme.style(role).bg;
        let grounds = [Role::Screen, Role::Dialog, Role::CursorLine, Role::Input].map(ground);
        let text = theme.style(Role::Text).fg;
        for role in Role::ALL {
            let style = theme.style(*role);
            let own = [style.bg];
            let stands_on = if style.bg.is_some() { &own[..] } else { &grounds[..] };
            for on in stands_on.iter().flatten() {
                let Some(ratio) = style.fg.or(text).and_then(|colour| contrast(colour, *on)) else {
                    continue;
                };
                known += 1;
                let least = if name == "contrast" { 7.0 } else { 4.5 };
                let depth = theme.depth();
                assert!(ratio >= least, "{name} in {depth:?}: {} has {ratio:.2}", role.as_str());
            }
        }
    }
    assert!(known > 1_000, "the themes with colours of their own were looked at");
}

#[test]
fn themes_with_a_ground_give_way_where_there_are_sixteen_colours() {
    let few = environment(&[("TERM", "xterm")]);
    let paper = Theme::load("paper", &few, Path::new("/nowhere")).expect("built in");
    assert_eq!(paper.name(), "paper");
    let light = Theme::load("light", &few, Path::new("/nowhere")).expect("built in");
    for role in Role::ALL {
        assert_eq!(paper.style(*role), light.style(*role), "{}", role.as_str());
    }
}
