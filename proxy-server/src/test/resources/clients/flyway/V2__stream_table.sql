-- SPDX-License-Identifier: Apache-2.0
CREATE MATERIALIZED VIEW per_product ${stream} AS SELECT product, sum(amount) AS total, count(*) AS n FROM sale GROUP BY product;
UPDATE sale SET amount = doubled(amount);
