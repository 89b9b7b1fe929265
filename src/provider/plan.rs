//! What becomes of a request's parameters: sent under a protocol's own names, or left out with
//! the reason. Every protocol writes its requests with this.

use serde_json::{Map, Value};

use crate::model::{
    ChatRequest, DroppedParameter, GenerationParameters, Parameter, SentParameters, Tool,
    ToolChoice,
};

/// The parameters of one request while it is written.
pub(super) struct Plan<'r> {
    pub asked: &'r GenerationParameters,
    pub sent: Map<String, Value>,
    dropped: Vec<DroppedParameter>,
}

impl<'r> Plan<'r> {
    /// Nothing sent and nothing left out yet.
    pub fn new(request: &'r ChatRequest) -> Self {
        Self { asked: &request.parameters, sent: Map::new(), dropped: Vec::new() }
    }

    /// Sends a value under a protocol's own name.
    pub fn send(&mut self, name: &str, value: impl Into<Value>) {
        self.sent.insert(name.to_owned(), value.into());
    }

    /// Sends a parameter under a protocol's own name, if it was asked for.
    pub fn rename(&mut self, parameter: Parameter, name: &str) {
        if let Some(value) = self.asked.get(parameter) {
            self.send(name, value);
        }
    }

    /// Leaves a parameter out.
    pub fn drop(&mut self, parameter: Parameter, reason: impl Into<String>) {
        self.dropped
            .push(DroppedParameter { name: parameter.as_str().to_owned(), reason: reason.into() });
    }

    /// Leaves a parameter out that the protocol does not have, if it was asked for.
    pub fn never(&mut self, parameter: Parameter, reason: &str) {
        if self.asked.get(parameter).is_some() {
            self.drop(parameter, reason);
        }
    }

    /// The tools in a protocol's own form, if any are offered.
    pub fn tools(&self, form: impl Fn(&Tool) -> Value) -> Option<Value> {
        (!self.asked.tools.is_empty()).then(|| self.asked.tools.iter().map(form).collect())
    }

    /// The choice of a tool. One without tools is left out and told: providers refuse it.
    pub fn tool_choice(&mut self) -> Option<&'r ToolChoice> {
        let choice = self.asked.tool_choice.as_ref()?;
        if self.asked.tools.is_empty() {
            self.drop(Parameter::ToolChoice, "no tool is offered");
            return None;
        }
        Some(choice)
    }

    /// What to record.
    pub fn finish(self) -> SentParameters {
        SentParameters { requested: self.asked.to_map(), sent: self.sent, dropped: self.dropped }
    }

    /// The body of a protocol whose parameters stand beside everything else, and what to record.
    pub fn into_body(self, mut body: Map<String, Value>) -> (Value, SentParameters) {
        body.extend(self.sent.clone());
        (Value::Object(body), self.finish())
    }
}

/// The beginning of a body that names the model and says whether to stream.
pub(super) fn opening(request: &ChatRequest) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".to_owned(), Value::from(request.model.as_str()));
    body.insert("stream".to_owned(), Value::from(request.stream));
    body
}
