-- Schema version 2: whom a call was handed to. The row of the consultation before an attended transfer names the call
-- it was for in `parent_attempt_id`. `transfer_code` is the answer of the transfer's target as the exchange told it;
-- NULL where it was not told.
ALTER TABLE attempts ADD COLUMN transfer TEXT CHECK (transfer IN ('blind', 'attended'));
ALTER TABLE attempts ADD COLUMN transferred_to TEXT;
ALTER TABLE attempts ADD COLUMN transfer_code INTEGER;
