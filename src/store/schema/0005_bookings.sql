-- Calls whose record does not say what a budget counts for them: it is booked beside them, and of
-- their run remembered for as long as their process lives.

ALTER TABLE reservations ADD COLUMN spent_nano INTEGER NOT NULL DEFAULT 0;  -- 1e-9 US dollars
