//! The words of the project as plain types: no IO, no clock, no async, nothing above it.

mod cache;
mod call;
mod duration;
mod error;
mod execution;
mod fallback;
mod guard;
mod ids;
mod limits;
mod message;
mod model_ref;
mod nearest;
mod parameters;
mod recovery;
mod redactions;
mod timing;
mod tool;
mod usage;
mod variant;
mod version;

pub use cache::{CacheMode, CachePrompt, CacheUse, Reused};
pub use call::{
    ChatRequest, FinishReason, ProviderEvent, ResponseFormat, SentParameters, ToolCall, ToolPiece,
};
pub use duration::read_duration;
pub(crate) use duration::split_unit;
pub use error::{CallError, ErrorKind};
pub use execution::{
    Attempt, AttemptStatus, CacheState, Check, Execution, Quality, Status, TemplateStamp,
};
pub use fallback::Fallback;
pub use guard::{GuardAction, GuardName, GuardRules, Guards, Untrusted};
pub use ids::{ExecutionId, RunId};
pub use limits::{Allowance, ReportedLimits};
pub use message::{Message, Role};
pub use model_ref::{ModelRef, ModelRefError};
pub use nearest::{did_you_mean, likely, nearest};
pub use parameters::{
    DroppedParameter, GenerationParameters, Parameter, ParameterError, Preset, ReasoningEffort,
};
pub use recovery::{Recovery, RecoveryRules, Strategy};
pub use redactions::Redactions;
pub use timing::{ChunkKind, ChunkLog, Timing};
pub use tool::{Tool, ToolChoice, is_tool_name};
pub use usage::{Price, Spend, Usage};
pub use variant::{VariantName, VariantSource};
pub use version::{Bump, ContentHash, TemplateId, TemplateIdError, VersionRecord};
