// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

/**
 * A column or an expression that a query can use.
 *
 * @param name the quoted name of a column, the text of an expression
 * @param groupable equal values print alike
 * @param summable adding its values gives the same image in any order (false for averages of floats)
 */
record Column(String name, Type type, boolean groupable, boolean summable) {

    static Column of(String name, Type type) {
        return new Column(name, type, type.groupable, true);
    }

    Column named(String newName) {
        return new Column(newName, type, groupable, summable);
    }
}
