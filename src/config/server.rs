//! Which server it is that speaks OpenAI's protocol: they differ, and a person may say which one
//! theirs is.

/// A server that speaks OpenAI's chat completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Server {
    /// One nobody named: the least is taken for granted and everything is read.
    Other,
    OpenAi,
    Azure,
    DeepSeek,
    Fireworks,
    Groq,
    LlamaCpp,
    LmStudio,
    Mistral,
    OpenRouter,
    Together,
    Vllm,
    Xai,
}

impl Server {
    /// Every server, in the order of the documentation.
    pub const ALL: [Self; 13] = [
        Self::Other,
        Self::OpenAi,
        Self::Azure,
        Self::DeepSeek,
        Self::Fireworks,
        Self::Groq,
        Self::LlamaCpp,
        Self::LmStudio,
        Self::Mistral,
        Self::OpenRouter,
        Self::Together,
        Self::Vllm,
        Self::Xai,
    ];

    /// The word in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::OpenAi => "openai",
            Self::Azure => "azure",
            Self::DeepSeek => "deepseek",
            Self::Fireworks => "fireworks",
            Self::Groq => "groq",
            Self::LlamaCpp => "llama.cpp",
            Self::LmStudio => "lm-studio",
            Self::Mistral => "mistral",
            Self::OpenRouter => "openrouter",
            Self::Together => "together",
            Self::Vllm => "vllm",
            Self::Xai => "xai",
        }
    }

    /// The server a word names, if it names one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|server| server.as_str() == word)
    }
}
