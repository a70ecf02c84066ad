// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.error;

import java.util.Optional;

/** An error of the engine's own, with everything a user needs to act on it. */
public final class EngineException extends RuntimeException {

    private final ErrorCode code;
    private final Optional<String> detail;
    private final Optional<String> hint;

    public EngineException(ErrorCode code, String message, Optional<String> detail, Optional<String> hint) {
        super(message);
        this.code = code;
        this.detail = detail;
        this.hint = hint;
    }

    public static EngineException of(ErrorCode code, String message) {
        return new EngineException(code, message, Optional.empty(), Optional.empty());
    }

    public static EngineException withHint(ErrorCode code, String message, String hint) {
        return new EngineException(code, message, Optional.empty(), Optional.of(hint));
    }

    public static EngineException withDetail(ErrorCode code, String message, String detail, String hint) {
        return new EngineException(code, message, Optional.of(detail), Optional.of(hint));
    }

    public ErrorCode code() {
        return code;
    }

    public Optional<String> detail() {
        return detail;
    }

    public Optional<String> hint() {
        return hint;
    }
}
