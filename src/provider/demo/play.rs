//! A reply as its events and when each would come, for a history that nobody waited for.

use std::time::Duration;

use super::{
    Pace,
    models::Schedule,
    reply::{DemoReply, Piece},
    wire::finish_word,
};
use crate::model::ProviderEvent;

/// What a loopback connection takes before the first token is begun.
const CONNECTION: Duration = Duration::from_millis(1);

/// The events of a streamed reply at the models' own pace, and when it ends.
#[must_use]
pub fn play(reply: &DemoReply) -> (Vec<(Duration, ProviderEvent)>, Duration) {
    let schedule = Schedule::new(reply.model, Pace::Real, reply.rate);
    let mut events = vec![
        (CONNECTION, ProviderEvent::Sent),
        (CONNECTION, ProviderEvent::Headers { http_status: 200, request_id: None }),
    ];
    let mut sent = 0;
    for piece in reply.pieces() {
        let event = match piece {
            Piece::Reasoning(text) => ProviderEvent::Reasoning(text.to_owned()),
            Piece::Text(text) => ProviderEvent::Text(text.to_owned()),
        };
        events.push((CONNECTION + schedule.due(sent), event));
        sent += 1;
    }
    let end = CONNECTION + schedule.due(sent);
    events.push((end, ProviderEvent::Usage(reply.usage)));
    events.extend(reply.tool_calls.iter().map(|call| (end, ProviderEvent::ToolCall(call.clone()))));
    let raw = finish_word(reply.finish_reason).to_owned();
    events.push((end, ProviderEvent::Finish { reason: reply.finish_reason, raw }));
    (events, end)
}
