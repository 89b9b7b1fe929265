//! The grammar of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::{
    app,
    model::{CacheMode, CacheUse, GuardName, ModelRef, Parameter, Preset},
};

/// A workbench for prompts in the terminal.
#[derive(Debug, Parser)]
#[command(
    name = "lathe",
    version,
    about = "A workbench for prompts in the terminal",
    long_about = "A workbench for prompts in the terminal: edit templates, run variants side by \
                  side, and find every call again.\n\nWithout a command the workbench opens. \
                  Without a workspace the built-in sample opens, with simulated models that need \
                  no key and no network.",
    after_help = "Exit codes: 0 done, 1 a check failed, 2 bad usage, file or settings, 3 a \
                  provider or the network failed, 4 a budget or guard stopped it, 130 interrupted."
)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// Work in this folder instead of the one around here
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    pub workspace: Option<PathBuf>,
    /// Keep executions in this database
    #[arg(long, global = true, value_name = "PATH", help_heading = "Everywhere")]
    pub db: Option<PathBuf>,
    /// Read settings from this file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    pub config: Option<PathBuf>,
    /// Use this theme in the workbench
    #[arg(long, global = true, value_name = "NAME", help_heading = "Everywhere")]
    pub theme: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a template, a saved version or a prompt from standard input
    Run(RunArguments),
    /// Look through every call that was made
    #[command(subcommand)]
    History(HistoryCommand),
    /// List, check, render and save templates
    #[command(subcommand)]
    Template(TemplateCommand),
    /// List the models that can be named, or those one provider has
    #[command(args_conflicts_with_subcommands = true)]
    Models {
        #[command(subcommand)]
        command: Option<ModelsCommand>,
        /// Ask this provider what it has
        provider: Option<String>,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// List the providers, where they are, and whether their key is there
    Providers {
        /// Ask each of them for its models and one of those for a few tokens, and say what works
        #[arg(long)]
        check: bool,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// Sum up runs, latency, cost and errors over a stretch of time
    Stats(StatsArguments),
    /// Say what answers are kept to be given again, or forget them
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Say what terminal, files, database, providers and clipboard are found to be
    Doctor {
        /// Take what can be read out of a damaged database into this new file
        #[arg(long, value_name = "FILE")]
        salvage: Option<PathBuf>,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// Copy the database while it is in use, check a copy, or put one back
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Delete old executions for good and give their space back
    Cleanup(CleanupArguments),
    /// Open the workbench on a temporary copy of the sample, with a month of simulated history
    Demo,
    /// Write the sample workspace into a folder, to begin with
    Init {
        /// The folder; it is made if it is not there
        folder: PathBuf,
    },
    /// Serve the simulated models to other programs, in OpenAI's protocol
    ServeDemo {
        /// The port on this machine; a free one is taken without
        #[arg(long)]
        port: Option<u16>,
    },
    /// Print a completion script for a shell
    Completions { shell: Shell },
    /// Print the manual page
    Man,
}

/// `lathe stats`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lathe stats --range 30d --by version\n  \
    lathe stats --template code-review --format json")]
pub struct StatsArguments {
    /// How far back: 24h, 7d, 30d, 13w or 365d
    #[arg(long, value_name = "AGE", default_value = "7d")]
    pub range: String,
    /// What the table tells apart: model, template, version or tag
    #[arg(long, value_name = "WHAT", default_value = "model")]
    pub by: String,
    /// Only this template
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// Only this model
    #[arg(long, value_name = "PROVIDER/MODEL")]
    pub model: Option<ModelRef>,
    #[arg(long, value_enum, default_value_t)]
    pub format: TextOrJson,
}

/// `lathe cache`.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Say how many answers are kept, and how often they were given again
    Stats {
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// Forget every answer; the history keeps its records
    Clear {
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
}

/// How to print what people read or programs take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    #[default]
    Text,
    Json,
}

/// How to print the outcome of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RunFormat {
    /// The answer alone; as it streams where one model is asked and none is asked again
    #[default]
    Text,
    /// The whole record; a list of records for several models
    Json,
    /// One record a line
    Jsonl,
}

/// `lathe run`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lathe run code-review --var code=@main.rs\n  \
    lathe run code-review@2.1.0 --model openai/gpt-4o --format json\n  \
    git diff | lathe run - --model demo/careful\n  \
    lathe run sentiment --vars cases.yaml --model demo/fast --model demo/careful --format jsonl")]
pub struct RunArguments {
    /// A template, `name@version`, `name@label`, or `-` for a prompt on standard input
    pub template: String,
    /// A variable; `name=@file` reads the value from a file
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
    /// Variables from a JSON or YAML file; `-` reads standard input
    #[arg(long = "vars", value_name = "FILE")]
    pub variable_file: Option<PathBuf>,
    /// The model as `provider/model`; several run side by side
    #[arg(long = "model", value_name = "PROVIDER/MODEL")]
    pub models: Vec<ModelRef>,
    /// A model to ask where the one before does not answer; may be given several times
    #[arg(long, value_name = "PROVIDER/MODEL")]
    pub fallback: Vec<ModelRef>,
    /// Leave a parameter out; where the model has refused it, from now on
    #[arg(long, value_name = "NAME", value_parser = parameter)]
    pub drop: Vec<Parameter>,
    /// A generation parameter, over the template's own
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// Parameters for a kind of task, under those of --param
    #[arg(long, value_name = "TASK", value_parser = preset)]
    pub preset: Option<Preset>,
    /// A tag to find the record by
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<String>,
    /// Ask the model even if the same was asked before
    #[arg(long, conflicts_with = "cache")]
    pub no_cache: bool,
    /// Give an answer again that was given to the same, or to nearly the same, whatever the
    /// temperature
    #[arg(long, value_name = "MODE", value_parser = cache_mode)]
    pub cache: Option<CacheMode>,
    /// Say what it would cost, and run nothing
    #[arg(long)]
    pub estimate: bool,
    /// Run without a question what may cost more than `confirm_above` in the settings
    #[arg(long)]
    pub yes: bool,
    /// Let a guard stop nothing this once: injection, hidden, hierarchy, canary or output; what it
    /// finds is still recorded
    #[arg(long, value_name = "GUARD", value_parser = guard)]
    pub allow: Vec<GuardName>,
    /// Keep no record: not in the history, not in the database, which need not be writable
    #[arg(long)]
    pub no_save: bool,
    /// Ask for a stream (the default)
    #[arg(long, conflicts_with = "no_stream")]
    pub stream: bool,
    /// Ask for the answer in one piece
    #[arg(long)]
    pub no_stream: bool,
    #[arg(long, value_enum, default_value_t)]
    pub format: RunFormat,
}

impl RunArguments {
    /// What is said about the cache.
    #[must_use]
    pub const fn cache_use(&self) -> CacheUse {
        match self.cache {
            _ if self.no_cache => CacheUse::Asked(CacheMode::Off),
            Some(mode) => CacheUse::Asked(mode),
            None => CacheUse::Settings,
        }
    }
}

fn cache_mode(word: &str) -> Result<CacheMode, String> {
    CacheMode::from_word(word)
        .ok_or_else(|| format!("there is no mode `{word}`; there are off, exact, similar"))
}

fn guard(word: &str) -> Result<GuardName, String> {
    GuardName::from_word(word).ok_or_else(|| {
        let known = GuardName::ALL.map(GuardName::as_str).join(", ");
        format!("there is no guard `{word}`; there are {known}")
    })
}

/// What can be done with a model besides listing it.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Forget which parameters a model refused, so that they are sent again
    Forget {
        #[arg(value_name = "PROVIDER/MODEL")]
        model: ModelRef,
    },
}

fn parameter(word: &str) -> Result<Parameter, String> {
    Parameter::from_word(word).ok_or_else(|| {
        let names = Parameter::ALL.map(Parameter::as_str);
        format!("no generation parameter `{word}`; there are {}", names.join(", "))
    })
}

fn preset(word: &str) -> Result<Preset, String> {
    Preset::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = Preset::ALL.iter().map(|preset| preset.as_str()).collect();
        format!("there is no preset `{word}`; there are {}", known.join(", "))
    })
}

/// Which executions are meant. Everything that is given must hold.
#[derive(Clone, Debug, Default, Args)]
pub struct Filter {
    /// Of this template
    #[arg(long)]
    pub template: Option<String>,
    /// Of this version
    #[arg(long = "of-version", value_name = "VERSION")]
    pub version: Option<semver::Version>,
    /// By this model, as `provider/model`
    #[arg(long, value_name = "PROVIDER/MODEL")]
    pub model: Option<ModelRef>,
    /// By any model of this provider
    #[arg(long)]
    pub provider: Option<String>,
    /// That ended so: ok, error, cancelled, interrupted, blocked
    #[arg(long)]
    pub status: Option<String>,
    /// With this tag, `key` or `key=value`
    #[arg(long)]
    pub tag: Option<String>,
    /// Rated so, 1 to 5
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=5))]
    pub rating: Option<u8>,
    /// Since this time: a date, a time, or an age such as `7d` or `12h`
    #[arg(long)]
    pub since: Option<String>,
    /// Before this time
    #[arg(long)]
    pub until: Option<String>,
    /// That cost at least so many US dollars
    #[arg(long, value_name = "DOLLARS")]
    pub min_cost: Option<f64>,
    /// That cost at most so many US dollars
    #[arg(long, value_name = "DOLLARS")]
    pub max_cost: Option<f64>,
    /// From every workspace and not only this one
    #[arg(long)]
    pub all_workspaces: bool,
    /// At most so many, newest first
    #[arg(long, value_name = "COUNT")]
    pub limit: Option<usize>,
}

/// `lathe history`.
#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// List executions, newest first
    List {
        #[command(flatten)]
        filter: Filter,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// List executions that hold some words, newest first
    Search {
        /// Words of prompt, answer, error or tags; words in quotes must follow one another
        words: Vec<String>,
        #[command(flatten)]
        filter: Filter,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// Show one execution in full
    Show {
        /// Its id, or the beginning of it
        id: String,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// Print whole records for other programs
    Export {
        #[command(flatten)]
        filter: Filter,
        #[arg(long, value_enum, default_value_t)]
        format: ExportFormat,
    },
    /// Tag an execution, or take a tag away with `key=`
    Tag {
        id: String,
        #[arg(value_name = "KEY=VALUE", required = true)]
        tags: Vec<String>,
    },
    /// Put executions into the trash, where they stay for a month
    Delete {
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// `lathe cleanup`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lathe cleanup --older-than 90d --dry-run\n  \
    lathe cleanup --older-than 2026-01-01 --trash --yes")]
pub struct CleanupArguments {
    /// Delete executions that began longer ago than this, or before this date; those in the
    /// trash stay there unless it is emptied
    #[arg(long, value_name = "AGE")]
    pub older_than: Option<String>,
    /// Empty the trash, which otherwise happens after a month
    #[arg(long)]
    pub trash: bool,
    /// Only say what would be deleted
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask, at a terminal either
    #[arg(long)]
    pub yes: bool,
    #[arg(long, value_enum, default_value_t)]
    pub format: TextOrJson,
}

/// `lathe backup`.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Copy the database as it is now into one file, whoever writes to it meanwhile
    Create {
        /// The file, which must not be there yet; named for the time beside the database without
        file: Option<PathBuf>,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// Put a copy in the database's place; the database of before stays beside it
    Restore {
        file: PathBuf,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// Look at every page of a copy and say what it holds
    Verify {
        file: PathBuf,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
}

/// How to print records for other programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    #[default]
    Jsonl,
    Csv,
    Markdown,
}

impl From<ExportFormat> for app::ExportFormat {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Jsonl => Self::Jsonl,
            ExportFormat::Csv => Self::Csv,
            ExportFormat::Markdown => Self::Markdown,
        }
    }
}

/// `lathe template`.
#[derive(Debug, Subcommand)]
pub enum TemplateCommand {
    /// List the templates of the workspace
    List {
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// Show a template or one of its versions
    Show {
        /// A name, `name@version` or `name@label`
        template: String,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// Print the messages as they would be sent
    Render {
        template: String,
        #[arg(long = "var", value_name = "NAME=VALUE")]
        variables: Vec<String>,
        #[arg(long = "vars", value_name = "FILE")]
        variable_file: Option<PathBuf>,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// Say what is wrong with templates; all of them where none is named
    Lint {
        templates: Vec<String>,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// List the saved versions of a template, newest first
    Versions {
        template: String,
        #[arg(long, value_enum, default_value_t)]
        format: TextOrJson,
    },
    /// Compare two versions word by word, or a version with the file
    Diff {
        /// `name@version`
        from: String,
        /// `version`, or nothing for the file as it is now
        to: Option<String>,
    },
    /// Save the file as a new version
    Save {
        template: String,
        #[arg(long, value_enum, default_value_t)]
        bump: BumpWord,
        /// Why
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Make a new version whose content is an old one's
    Rollback {
        /// `name@version`
        template: String,
    },
    /// Make a new template to begin with
    New {
        /// Its id: the path below prompts/ without the extension
        template: String,
    },
    /// Take templates in from another tool's file
    Import {
        file: PathBuf,
        #[arg(long)]
        from: String,
    },
    /// Print a template in another tool's form
    Export {
        template: String,
        #[arg(long)]
        to: String,
    },
}

/// Which part of the version a save raises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BumpWord {
    #[default]
    Patch,
    Minor,
    Major,
}
