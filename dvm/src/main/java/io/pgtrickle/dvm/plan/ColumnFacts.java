// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

/** A column of a relation or of a query's output. */
public record ColumnFacts(String name, TypeFacts type, boolean notNull) {}
