//! What outside text passes before it is shown. Pure.
