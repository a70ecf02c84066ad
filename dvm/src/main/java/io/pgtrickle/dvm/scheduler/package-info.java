// SPDX-License-Identifier: Apache-2.0
/** When stream tables are refreshed by themselves: schedules, the leader's loop, workers, upkeep. */
@NullMarked
package io.pgtrickle.dvm.scheduler;

import org.jspecify.annotations.NullMarked;
