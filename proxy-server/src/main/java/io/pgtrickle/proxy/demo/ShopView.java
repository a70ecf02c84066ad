// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import java.util.List;

/**
 * One of the demo's stream tables.
 *
 * @param kind the kind of query, in words for the live view
 */
record ShopView(String name, String kind, String schedule, String query) {

    /** In the order in which they can be created. */
    static final List<ShopView> ALL = List.of(
            new ShopView(
                    "open_orders",
                    "filter",
                    "500ms",
                    """
                    SELECT id, customer_id, status, ordered_at
                    FROM orders
                    WHERE status IN ('new', 'paid')"""),
            new ShopView(
                    "order_lines",
                    "join of 2 tables",
                    "1s",
                    """
                    SELECT i.order_id, i.line, p.name AS product, p.price AS list_price, i.quantity, i.unit_price
                    FROM order_items i
                    JOIN products p ON p.id = i.product_id"""),
            new ShopView(
                    "sales",
                    "join of 4 tables",
                    "1s",
                    """
                    SELECT i.order_id, i.line, o.ordered_at, o.status, c.name AS customer, c.city, c.country,
                      p.name AS product, p.category, i.quantity * i.unit_price AS amount
                    FROM order_items i
                    JOIN orders o ON o.id = i.order_id
                    JOIN customers c ON c.id = o.customer_id
                    JOIN products p ON p.id = i.product_id"""),
            new ShopView(
                    "product_revenue",
                    "aggregate over a join",
                    "500ms",
                    """
                    SELECT p.id AS product_id, p.category, count(*) AS lines, sum(i.quantity) AS units,
                      sum(i.quantity * i.unit_price) AS revenue
                    FROM order_items i
                    JOIN products p ON p.id = i.product_id
                    GROUP BY p.id, p.category"""),
            new ShopView(
                    "country_revenue",
                    "over stream table sales",
                    "1s",
                    """
                    SELECT country, category, count(*) AS lines, sum(amount) AS revenue
                    FROM sales
                    GROUP BY country, category"""));

    String createStreamTable() {
        return "CREATE MATERIALIZED VIEW %s WITH (pgtrickle.stream = true, pgtrickle.schedule = '%s') AS\n%s"
                .formatted(name, schedule, query);
    }
}
