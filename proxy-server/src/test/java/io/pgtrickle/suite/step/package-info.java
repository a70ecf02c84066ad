// SPDX-License-Identifier: Apache-2.0

/** The change-step language of the tests: a view, a step of changes, the change of content it must cause. */
@NullMarked
package io.pgtrickle.suite.step;

import org.jspecify.annotations.NullMarked;
