//! A request's body that says when it has been handed to the connection.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

/// A body of known length.
pub(super) struct Watched {
    bytes: Option<Bytes>,
    written: Arc<Notify>,
}

/// Told when the body has gone.
pub(super) struct Written(Arc<Notify>);

impl Watched {
    pub fn new(bytes: Bytes) -> (Self, Written) {
        let written = Arc::new(Notify::new());
        (Self { bytes: Some(bytes), written: Arc::clone(&written) }, Written(written))
    }
}

impl Written {
    pub async fn wait(&self) {
        self.0.notified().await;
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = self.bytes.take();
        if bytes.is_some() {
            self.written.notify_one();
        }
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
