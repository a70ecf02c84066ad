-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE sale (id int PRIMARY KEY, product text NOT NULL, amount int);
INSERT INTO sale SELECT n, 'p' || n % 3, n FROM generate_series(1, 30) n;
CREATE FUNCTION doubled(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN $1 * 2; END $$;
