// SPDX-License-Identifier: Apache-2.0

/** Rules about the code itself: boundaries between the modules, calls nobody makes, how source files look. */
@NullMarked
package io.pgtrickle.rules;

import org.jspecify.annotations.NullMarked;
