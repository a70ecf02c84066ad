-- SPDX-License-Identifier: Apache-2.0
-- Is not part of a transaction.
CREATE INDEX CONCURRENTLY sale_product ON sale (product);
