--liquibase formatted sql
-- SPDX-License-Identifier: Apache-2.0

--changeset pgtrickle:tables
CREATE TABLE sale (id int PRIMARY KEY, product text NOT NULL, amount int);
INSERT INTO sale SELECT n, 'p' || n % 3, n FROM generate_series(1, 30) n;
--rollback DROP TABLE sale;

--changeset pgtrickle:function splitStatements:false
CREATE FUNCTION doubled(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN $1 * 2; END $$;
--rollback DROP FUNCTION doubled;

--changeset pgtrickle:stream-table
CREATE MATERIALIZED VIEW per_product ${stream} AS SELECT product, sum(amount) AS total, count(*) AS n FROM sale GROUP BY product;
UPDATE sale SET amount = doubled(amount);
--rollback DROP MATERIALIZED VIEW per_product;

--changeset pgtrickle:refresh
REFRESH MATERIALIZED VIEW per_product;
CREATE TABLE per_product_then AS SELECT * FROM per_product;
--rollback DROP TABLE per_product_then;
