-- SPDX-License-Identifier: Apache-2.0
DROP MATERIALIZED VIEW per_product;
ALTER TABLE sale ADD COLUMN at date NOT NULL DEFAULT '2026-01-01';
CREATE MATERIALIZED VIEW per_product ${stream} AS SELECT at, count(*) AS n FROM sale GROUP BY at;
