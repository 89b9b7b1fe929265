//! promptfoo: prompt files (text, or a list of messages) and whole configurations.
//!
//! Its templates are Nunjucks, which is Jinja but for a few names. Code, files and commands that
//! a configuration names are never opened or run.

use serde_json::{Map, Value, json};

use super::super::{ParameterSpec, front::yaml};
use super::{
    document,
    draft::{Draft, infer_model, role_of_word, without_blank_edges},
    jinja::{self, Piece},
};
use crate::model::{Message, ModelRef, ResponseFormat, Role};

/// promptfoo's word for a provider, and ours. Some carry the kind of API in between.
const PROVIDERS: [(&str, &str); 6] = [
    ("openai:chat:", "openai"),
    ("anthropic:messages:", "anthropic"),
    ("ollama:chat:", "ollama"),
    ("google:", "gemini"),
    ("openai:", "openai"),
    ("anthropic:", "anthropic"),
];

/// Filters that Nunjucks has, under the same name and meaning.
const FILTERS: [&str; 33] = [
    "abs",
    "batch",
    "capitalize",
    "default",
    "d",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "groupby",
    "indent",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "string",
    "sum",
    "title",
    "trim",
    "upper",
];

/// Reads a configuration, a list of messages, or prompts in a text file parted by `---` lines.
pub(super) fn import(text: &str) -> Result<Vec<Draft>, String> {
    let start = text.trim_start();
    if start.starts_with(['[', '{']) && !start.starts_with("{{") && !start.starts_with("{%") {
        let value = document::read_any(&quoted_dumps(start))?;
        return document_prompts(value);
    }
    if let Ok(value) = yaml::read(text).map(|node| node.to_json())
        && (value.get("prompts").is_some() || is_messages(&value))
    {
        return document_prompts(value);
    }
    let mut drafts = Vec::new();
    let mut part = String::new();
    for line in text.lines().chain(["---"]) {
        if line.trim() != "---" {
            part.push_str(line);
            part.push('\n');
        } else if !part.trim().is_empty() {
            drafts.push(prompt_text(&part));
            part.clear();
        }
    }
    if drafts.is_empty() { Err("it is empty".to_owned()) } else { Ok(drafts) }
}

fn is_messages(value: &Value) -> bool {
    let is_message = |item: &Value| item.get("role").is_some() && item.get("content").is_some();
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(is_message))
}

fn document_prompts(value: Value) -> Result<Vec<Draft>, String> {
    if is_messages(&value) {
        return Ok(vec![messages(&value)]);
    }
    match value {
        Value::Object(map) if map.contains_key("prompts") => config(&map),
        _ => Err("it is neither a list of messages nor a configuration with `prompts`".to_owned()),
    }
}

/// `{{ x | dump }}` outside quotes makes a list of messages that is no JSON until it is rendered;
/// inside quotes it means the same once it is read.
fn quoted_dumps(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_string = false;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let tag = rest.strip_prefix("{{").and_then(|inner| {
            let (inner, after) = inner.split_at(inner.find(['{', '}'])?);
            Some((inner, after.strip_prefix("}}")?))
        });
        if let (false, Some((inner, after))) = (in_string, tag) {
            let inner = inner.trim();
            let name =
                inner.strip_suffix("dump").map_or(inner, |it| it.trim_end().trim_end_matches('|'));
            out.push_str(&Value::from(format!("{{{{ {} }}}}", name.trim())).to_string());
            rest = after;
            continue;
        }
        let len = match next {
            '\\' if in_string => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            '"' => {
                in_string = !in_string;
                1
            }
            other => other.len_utf8(),
        };
        let (taken, after) = rest.split_at(len);
        out.push_str(taken);
        rest = after;
    }
    out
}

fn prompt_text(text: &str) -> Draft {
    let mut draft = Draft::default();
    let content = jinja_of(without_blank_edges(text), &mut draft);
    draft.messages.push(Message::new(Role::User, content));
    draft
}

fn messages(value: &Value) -> Draft {
    let mut draft = Draft::default();
    for item in value.as_array().map(Vec::as_slice).unwrap_or_default() {
        let word = item.get("role").and_then(Value::as_str).unwrap_or("user");
        let role = role_of_word(word).unwrap_or_else(|| {
            draft.leave(format!("the role `{word}`: its message is the user's"));
            Role::User
        });
        let content = match item.get("content") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => {
                if parts.iter().any(|part| part.get("text").is_none()) {
                    draft.leave("parts of a message that are not text (images, files)");
                }
                let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
                texts.collect::<Vec<_>>().join("\n")
            }
            other => other.map(ToString::to_string).unwrap_or_default(),
        };
        let content = jinja_of(&content, &mut draft);
        draft.messages.push(Message::new(role, content));
    }
    draft
}

/// Nunjucks as Jinja: `dump` is `tojson`; what else differs shows when the body is checked.
fn jinja_of(text: &str, draft: &mut Draft) -> String {
    let mut body = String::with_capacity(text.len());
    for piece in jinja::pieces(text) {
        match piece {
            Piece::Text(words) => body.push_str(&jinja::escaped(words)),
            Piece::Output(inner) | Piece::Tag(inner) => {
                if inner.text.contains("env.") {
                    draft.leave(
                        "variables of the environment (`env.NAME`) are ordinary inputs here",
                    );
                }
                if matches!(piece, Piece::Tag(_)) {
                    draft.leave("line ends after `{% %}` tags, which are taken away here");
                }
                body.push_str(&with_filter(inner.source, "dump", "tojson"));
            }
            Piece::Comment(comment) => {
                body.push_str("{#");
                body.push_str(comment);
                body.push_str("#}");
            }
            Piece::Include(name) => {
                draft.leave(format!("`{name}` is included and has to be imported as well"));
                body.push_str("{{include:");
                body.push_str(name);
                body.push_str("}}");
            }
        }
    }
    body
}

/// A tag with one filter called otherwise.
fn with_filter(source: &str, from: &str, to: &str) -> String {
    let mut parts = source.split('|');
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        out.push('|');
        let name = part.trim_start();
        let blank = part.len() - name.len();
        match name.strip_prefix(from) {
            Some(rest) if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
                out.push_str(part.get(..blank).unwrap_or(""));
                out.push_str(to);
                out.push_str(rest);
            }
            _ => out.push_str(part),
        }
    }
    out
}

/// Every prompt of a configuration that stands in it.
fn config(map: &Map<String, Value>) -> Result<Vec<Draft>, String> {
    let entries = match map.get("prompts") {
        Some(Value::Array(entries)) => entries.clone(),
        Some(other) => vec![other.clone()],
        None => Vec::new(),
    };
    let mut drafts = Vec::new();
    let mut elsewhere = Vec::new();
    for entry in &entries {
        let raw = entry.as_str().or_else(|| entry.get("raw")?.as_str());
        let Some(raw) = raw.filter(|raw| !names_a_file(raw)) else {
            let id = entry.as_str().or_else(|| entry.get("id")?.as_str()).unwrap_or("a prompt");
            elsewhere.push(format!("`{id}` is in another place and has to be imported by itself"));
            continue;
        };
        let mut draft = match serde_json::from_str(&quoted_dumps(raw.trim())) {
            Ok(value) if is_messages(&value) => messages(&value),
            _ => prompt_text(raw),
        };
        let label = entry.get("label").or_else(|| entry.get("id")).and_then(Value::as_str);
        draft.front.name = label.map(str::to_owned);
        draft.front.description = map.get("description").and_then(document::text);
        provider(map.get("providers").or_else(|| map.get("targets")), &mut draft);
        defaults(map, &mut draft);
        let known = ["prompts", "description", "providers", "targets", "defaultTest"];
        draft.leave_keys(map, &known);
        drafts.push(draft);
    }
    match drafts.first_mut() {
        Some(first) => elsewhere.into_iter().for_each(|what| first.leave(what)),
        None if elsewhere.is_empty() => return Err("it has no prompts".to_owned()),
        None => return Err(format!("no prompt stands in it: {}", elsewhere.join("; "))),
    }
    Ok(drafts)
}

fn names_a_file(prompt: &str) -> bool {
    let prompt = prompt.trim();
    let schemes = ["file://", "exec:", "langfuse://", "portkey://", "helicone://", "python:"];
    let extensions = [".txt", ".json", ".yaml", ".yml", ".j2", ".csv", ".md", ".js", ".py"];
    schemes.iter().any(|scheme| prompt.starts_with(scheme))
        || (!prompt.contains(char::is_whitespace)
            && extensions.iter().any(|extension| prompt.ends_with(extension)))
}

/// The first provider is the model; the others are variants to choose when running.
fn provider(providers: Option<&Value>, draft: &mut Draft) {
    let entries = match providers {
        Some(Value::Array(entries)) => entries.clone(),
        Some(other) => vec![other.clone()],
        None => return,
    };
    for (index, entry) in entries.iter().enumerate() {
        let Some(id) = entry.as_str().or_else(|| entry.get("id")?.as_str()) else { continue };
        let known = PROVIDERS.iter().find_map(|(prefix, ours)| {
            id.strip_prefix(prefix).filter(|name| !name.is_empty()).map(|name| (*ours, name))
        });
        match known {
            _ if index > 0 => {
                draft.leave(format!("the provider `{id}`: choose it as another variant"));
            }
            Some((provider, name)) => {
                draft.front.model = Some(ModelRef::new(provider, name));
                if let Some(Value::Object(config)) = entry.get("config") {
                    take_config(config, draft);
                }
            }
            None => match infer_model(id) {
                Some(model) => draft.front.model = Some(model),
                None => draft.leave(format!("the provider `{id}`")),
            },
        }
    }
}

fn take_config(config: &Map<String, Value>, draft: &mut Draft) {
    let mut config = config.clone();
    if let Some(format) = config.shift_remove("response_format") {
        let schema = format.pointer("/json_schema/schema").or_else(|| format.get("schema"));
        draft.front.response_format = match format.get("type").and_then(Value::as_str) {
            Some("json_object") => Some(ResponseFormat::Json),
            Some("json_schema") => schema.cloned().map(ResponseFormat::Schema),
            _ => None,
        };
    }
    draft.take_generation(&config);
}

fn defaults(map: &Map<String, Value>, draft: &mut Draft) {
    let Some(Value::Object(test)) = map.get("defaultTest") else { return };
    if test.keys().any(|key| key != "vars") {
        draft.leave("what `defaultTest` says besides `vars` belongs in a suite");
    }
    let Some(Value::Object(vars)) = test.get("vars") else { return };
    for (name, value) in vars {
        if value.as_str().is_some_and(names_a_file) {
            draft.leave(format!("the value of `{name}` is in a file, which is not read"));
            continue;
        }
        let default = Some(value.clone());
        draft.add_parameter(ParameterSpec { name: name.clone(), default, ..Default::default() });
    }
}

/// Writes a configuration with one prompt, its provider and its defaults.
pub(super) fn export(draft: &mut Draft) -> String {
    draft.separate();
    let mut parts = Vec::new();
    for message in draft.messages.clone() {
        parts.push((message.role, nunjucks(&message.content, draft)));
    }
    let raw = if let [(Role::User, text)] = parts.as_slice() {
        text.clone()
    } else {
        let items: Vec<Value> = parts
            .iter()
            .map(|(role, content)| json!({ "role": role.as_str(), "content": content }))
            .collect();
        format!("{:#}", Value::from(items))
    };
    let mut prompt = Map::new();
    if let Some(name) = &draft.front.name {
        prompt.insert("label".into(), name.as_str().into());
    }
    prompt.insert("raw".into(), raw.into());
    let mut map = Map::new();
    if let Some(description) = &draft.front.description {
        map.insert("description".into(), description.as_str().into());
    }
    map.insert("prompts".into(), json!([prompt]));
    write_provider(draft, &mut map);
    let vars = draft.defaults();
    if !vars.is_empty() {
        map.insert("defaultTest".into(), json!({ "vars": vars }));
    }
    draft.leave_facts(&[
        "name",
        "description",
        "model",
        "generation",
        "parameters",
        "response_format",
    ]);
    draft.leave_parameter_details();
    format!(
        "# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json\n{}",
        document::write(&map.into())
    )
}

fn write_provider(draft: &mut Draft, map: &mut Map<String, Value>) {
    let mut config = draft.generation();
    match draft.response_format() {
        Some(ResponseFormat::Json) => {
            config.insert("response_format".into(), json!({ "type": "json_object" }));
        }
        Some(ResponseFormat::Schema(schema)) => {
            let format = json!({ "name": "answer", "schema": schema });
            let format = json!({ "type": "json_schema", "json_schema": format });
            config.insert("response_format".into(), format);
        }
        Some(ResponseFormat::Text) | None => {}
    }
    let Some(model) = draft.front.model.clone() else {
        if !config.is_empty() {
            draft.leave("`generation` and `response_format`: without a model there is no provider to hold them");
        }
        return;
    };
    let Some((prefix, _)) = PROVIDERS.iter().find(|(_, ours)| *ours == model.provider) else {
        draft.leave(format!("the model `{model}`: promptfoo has no provider of that name"));
        return;
    };
    if model.provider == "gemini" || model.provider == "ollama" {
        config = config
            .into_iter()
            .map(|(key, value)| (their_name(&model.provider, &key), value))
            .collect();
    }
    let mut provider =
        Map::from_iter([("id".to_owned(), format!("{prefix}{}", model.model).into())]);
    if !config.is_empty() {
        provider.insert("config".into(), config.into());
    }
    map.insert("providers".into(), json!([provider]));
}

/// A generation parameter as Gemini's and Ollama's settings call it.
fn their_name(provider: &str, name: &str) -> String {
    match (provider, name) {
        ("gemini", "max_tokens") => "maxOutputTokens",
        ("gemini", "top_p") => "topP",
        ("gemini", "top_k") => "topK",
        ("gemini", "stop") => "stopSequences",
        ("ollama", "max_tokens") => "num_predict",
        (_, name) => name,
    }
    .to_owned()
}

/// A message's Jinja as Nunjucks.
fn nunjucks(content: &str, draft: &mut Draft) -> String {
    let mut text = String::with_capacity(content.len());
    for piece in jinja::pieces(content) {
        match piece {
            Piece::Text(words) => text.push_str(&jinja::escaped(words)),
            Piece::Output(inner) | Piece::Tag(inner) => {
                for filter in inner.text.split('|').skip(1) {
                    let name = filter.trim_start();
                    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
                    let name = name.get(..end.unwrap_or(name.len())).unwrap_or("");
                    if name != "tojson" && !FILTERS.contains(&name) {
                        draft.leave(format!("the filter `{name}`, which Nunjucks may not have"));
                    }
                }
                if matches!(piece, Piece::Tag(_)) {
                    draft.leave("line ends after `{% %}` tags are kept there, as empty lines");
                }
                text.push_str(&with_filter(inner.source, "tojson", "dump"));
            }
            Piece::Comment(comment) => {
                text.push_str("{#");
                text.push_str(comment);
                text.push_str("#}");
            }
            Piece::Include(name) => {
                draft.leave(format!(
                    "the include of `{name}`: promptfoo looks for a file of that name"
                ));
                text.extend(["{% include \"", name, "\" %}"]);
            }
        }
    }
    text
}
