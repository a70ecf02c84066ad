// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

import java.util.List;

/**
 * What a stream table wants to know about a source.
 *
 * @param columns whose values it consumes; none if only the fact of a change matters, and then a change of any column counts
 */
public record CaptureNeed(long relation, List<String> columns) {
    public CaptureNeed {
        columns = List.copyOf(columns);
    }
}
