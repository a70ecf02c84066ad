// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.sql.statement.QualifiedName;

/**
 * Where a plan's programs write.
 *
 * @param table the visible table
 * @param queryView the view of the defining query, read by FULL refreshes of queries the algebra does not cover
 * @param stateSchema the schema of the state tables
 * @param statePrefix how their names begin; the rest is at most 4 bytes long
 */
public record Target(QualifiedName table, QualifiedName queryView, String stateSchema, String statePrefix) {}
