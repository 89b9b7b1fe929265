//! A call's way from request to record.
