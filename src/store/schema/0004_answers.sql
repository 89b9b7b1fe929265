-- A call may ask for several answers. What had come of one is not the beginning of the next.

ALTER TABLE checkpoints ADD COLUMN answer INTEGER NOT NULL DEFAULT 0;   -- counted from 0
