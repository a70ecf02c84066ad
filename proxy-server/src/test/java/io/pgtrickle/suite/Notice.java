// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import java.util.Optional;

/** A NoticeResponse, e.g. severity {@code WARNING}. */
public record Notice(String severity, String sqlState, String message, Optional<String> detail, Optional<String> hint) {}
