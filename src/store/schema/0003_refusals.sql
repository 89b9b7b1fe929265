-- Parameters that models refused, and which of them are left out since.

CREATE TABLE refused_parameters (
    provider   TEXT NOT NULL,
    model      TEXT NOT NULL,
    parameter  TEXT NOT NULL,
    refused_ns INTEGER NOT NULL,                -- the last time
    dropped    INTEGER NOT NULL DEFAULT 0,      -- 1: not sent any more
    PRIMARY KEY (provider, model, parameter)
) STRICT, WITHOUT ROWID;
