// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

/** A program that the machine does not have or that does not run; the message says what to do. */
public final class MissingTool extends RuntimeException {

    private static final long serialVersionUID = 1;

    MissingTool(String message) {
        super(message);
    }
}
