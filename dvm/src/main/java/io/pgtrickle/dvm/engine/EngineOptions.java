// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

/**
 * How an engine runs in this process.
 *
 * @param schedule whether it refreshes on schedule, or only carries out commands and leaves the schedule to another process
 */
public record EngineOptions(boolean schedule) {}
