//! The table itself. What is not known of a server is left as servers usually are.

use super::{Address, ErrorShape, Quirks, Schemas, Thoughts, UsagePlace};
use crate::{
    config::Server,
    model::Parameter::{ReasoningEffort, RepetitionPenalty, Seed, TopK},
};

/// A server as most are; rows say where they differ.
const USUAL: Quirks = Quirks {
    server: Server::Other,
    title: "any other server",
    hosts: &[],
    address: Address::Plain,
    key_header: None,
    asks_for_usage: true,
    pads: false,
    json: true,
    schemas: Schemas::Plain,
    renamed: &[],
    refused: &[],
    reasoning: &[],
    usage: &[UsagePlace::Usage],
    cached: &[],
    tells_cost: false,
    errors: &[ErrorShape::Object],
    broken_off: &[],
    windows: &[],
    remark: "",
};

/// Every server's row; the first is that of servers nobody named.
pub(crate) static ROWS: [Quirks; Server::ALL.len()] = [
    Quirks {
        // Servers on one's own machine differ in the name of this one; each ignores the other.
        renamed: &[(RepetitionPenalty, &["repetition_penalty", "repeat_penalty"])],
        reasoning: &Thoughts::ALL,
        usage: &UsagePlace::ALL,
        cached: &[
            "prompt_tokens_details.cached_tokens",
            "prompt_cache_hit_tokens",
            "num_cached_tokens",
        ],
        errors: &[ErrorShape::Object, ErrorShape::Numbered, ErrorShape::Text, ErrorShape::Top],
        broken_off: &["error", "insufficient_system_resource"],
        windows: &["context_length", "context_window", "max_model_len", "meta.n_ctx"],
        remark: "everything is read; every parameter is sent",
        ..USUAL
    },
    Quirks {
        server: Server::OpenAi,
        title: "OpenAI",
        hosts: &["api.openai.com"],
        pads: true,
        schemas: Schemas::Strict,
        refused: &[
            (TopK, "OpenAI has no top_k"),
            (RepetitionPenalty, "OpenAI has no repetition penalty; use frequency_penalty"),
        ],
        cached: &["prompt_tokens_details.cached_tokens"],
        remark: "tells how many tokens reasoning took and never its text",
        ..USUAL
    },
    Quirks {
        server: Server::Azure,
        title: "Azure OpenAI",
        hosts: &[".openai.azure.com"],
        address: Address::Deployment,
        key_header: Some("api-key"),
        schemas: Schemas::Strict,
        refused: &[
            (TopK, "Azure OpenAI has no top_k"),
            (RepetitionPenalty, "Azure OpenAI has no repetition penalty; use frequency_penalty"),
        ],
        cached: &["prompt_tokens_details.cached_tokens"],
        remark: "the model is the name of a deployment; the first chunk may hold the filter's \
                 results and no choice",
        ..USUAL
    },
    Quirks {
        server: Server::DeepSeek,
        title: "DeepSeek",
        hosts: &["api.deepseek.com"],
        schemas: Schemas::None,
        refused: &[
            (TopK, "DeepSeek has no top_k"),
            (RepetitionPenalty, "DeepSeek has no repetition penalty"),
            (Seed, "DeepSeek has no seed"),
        ],
        reasoning: &[Thoughts::Content],
        cached: &["prompt_cache_hit_tokens"],
        broken_off: &["insufficient_system_resource"],
        remark: "sends comments while a call waits; 402 means no balance",
        ..USUAL
    },
    Quirks {
        server: Server::Fireworks,
        title: "Fireworks",
        hosts: &["api.fireworks.ai"],
        reasoning: &[Thoughts::Content],
        remark: "not studied further",
        ..USUAL
    },
    Quirks {
        server: Server::Groq,
        title: "Groq",
        hosts: &["api.groq.com"],
        refused: &[
            (TopK, "Groq refuses top_k"),
            (RepetitionPenalty, "Groq refuses repetition_penalty"),
        ],
        reasoning: &[Thoughts::Plain],
        usage: &[UsagePlace::Groq, UsagePlace::Usage],
        windows: &["context_window"],
        ..USUAL
    },
    Quirks {
        server: Server::LlamaCpp,
        title: "llama.cpp",
        renamed: &[(RepetitionPenalty, &["repeat_penalty"])],
        reasoning: &[Thoughts::Content],
        usage: &[UsagePlace::Usage, UsagePlace::Timings],
        errors: &[ErrorShape::Numbered],
        windows: &["meta.n_ctx"],
        remark: "any name of a model is taken; the last chunk has its own times",
        ..USUAL
    },
    Quirks {
        server: Server::LmStudio,
        title: "LM Studio",
        json: false,
        reasoning: &[Thoughts::Content, Thoughts::Plain],
        errors: &[ErrorShape::Text],
        remark: "which field reasoning is in is a setting of its own; loads a model at the first \
                 call for it",
        ..USUAL
    },
    Quirks {
        server: Server::Mistral,
        title: "Mistral",
        hosts: &["api.mistral.ai"],
        asks_for_usage: false,
        renamed: &[(Seed, &["random_seed"])],
        refused: &[
            (TopK, "Mistral refuses top_k"),
            (RepetitionPenalty, "Mistral refuses repetition_penalty"),
            (ReasoningEffort, "Mistral chooses the reasoning by the model"),
        ],
        reasoning: &[Thoughts::AmongContent],
        cached: &["num_cached_tokens"],
        errors: &[ErrorShape::Top],
        broken_off: &["error"],
        remark: "finish reason `model_length` is a full context window",
        ..USUAL
    },
    Quirks {
        server: Server::OpenRouter,
        title: "OpenRouter",
        hosts: &["openrouter.ai"],
        reasoning: &[Thoughts::Plain, Thoughts::Details],
        tells_cost: true,
        errors: &[ErrorShape::Numbered],
        broken_off: &["error"],
        windows: &["context_length"],
        remark: "tells what each answer cost; sends comments while a call waits; leaves out \
                 parameters a model does not take without a word; 402 means no credits",
        ..USUAL
    },
    Quirks {
        server: Server::Together,
        title: "Together",
        hosts: &["api.together.xyz", "api.together.ai"],
        remark: "not studied",
        ..USUAL
    },
    Quirks {
        server: Server::Vllm,
        title: "vLLM",
        // Its former name, which versions before the change send, is read like every other.
        reasoning: &[Thoughts::Plain, Thoughts::Content],
        errors: &[ErrorShape::Object, ErrorShape::Numbered, ErrorShape::Top],
        windows: &["max_model_len"],
        remark: "top_k and repetition_penalty stand beside the usual parameters",
        ..USUAL
    },
    Quirks {
        server: Server::Xai,
        title: "xAI",
        hosts: &["api.x.ai"],
        refused: &[
            (TopK, "xAI has no top_k"),
            (RepetitionPenalty, "xAI has no repetition penalty"),
        ],
        remark: "not studied; its models from grok-4 on take no penalties",
        ..USUAL
    },
];
