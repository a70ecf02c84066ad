// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

/**
 * A time compared with what it would be without the product.
 *
 * @param with median, in milliseconds
 * @param without median, in milliseconds
 */
public record Latency(String what, int samples, double with, double without, double added) {

    static Latency of(String what, Samples with, Samples without) {
        return new Latency(what, with.count(), with.median(), without.median(), with.median() - without.median());
    }
}
