-- SPDX-License-Identifier: Apache-2.0
REFRESH MATERIALIZED VIEW per_product;
CREATE TABLE per_product_then AS SELECT * FROM per_product;
