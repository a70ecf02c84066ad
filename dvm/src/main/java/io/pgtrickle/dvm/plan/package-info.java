// SPDX-License-Identifier: Apache-2.0

/** From a query and the server's facts about it to a plan: stages, state tables, or the reasons why only FULL will do; pure, any thread. */
@NullMarked
package io.pgtrickle.dvm.plan;

import org.jspecify.annotations.NullMarked;
