-- SPDX-License-Identifier: Apache-2.0
CREATE OR REPLACE VIEW dear AS SELECT * FROM sale WHERE amount > 40;
