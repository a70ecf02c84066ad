// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.error;

/** Every error the engine itself can report, with its SQLSTATE (PostgreSQL manual, appendix A) and how it is to be treated. */
public enum ErrorCode {
    UNSUPPORTED_OPERATOR("0A000", Kind.USER, false),
    QUERY_PARSE_ERROR("42000", Kind.USER, false),
    STREAM_TABLE_NOT_FOUND("42P01", Kind.USER, false),
    STREAM_TABLE_EXISTS("42P07", Kind.USER, false),
    RESERVED_NAME("42939", Kind.USER, false),
    INVALID_ARGUMENT("22023", Kind.USER, false),
    TYPE_MISMATCH("42804", Kind.USER, false),
    CYCLE_DETECTED("42P15", Kind.USER, false),
    UNDEFINED_FUNCTION("42883", Kind.USER, false),
    SYNTAX_ERROR("42601", Kind.USER, false),
    READ_ONLY_TRANSACTION("25006", Kind.USER, false),
    NO_SCHEMA("3F000", Kind.USER, false),
    DEPENDENT_OBJECTS("2BP01", Kind.USER, false),
    WRONG_OBJECT_TYPE("42809", Kind.USER, false),
    PERMISSION_DENIED("42501", Kind.USER, false),
    QUERY_TOO_COMPLEX("54000", Kind.USER, false),
    SOURCE_CHANGED("42P16", Kind.SCHEMA, false),
    SOURCE_DROPPED("42P01", Kind.SCHEMA, false),
    NOT_POPULATED("55000", Kind.USER, false),
    NOT_ACTIVE("55000", Kind.USER, false),
    LOCK_TIMEOUT("55P03", Kind.SYSTEM, true),
    SERIALIZATION_FAILURE("40001", Kind.SYSTEM, true),
    CATALOG_TOO_NEW("55000", Kind.SYSTEM, false),
    CATALOG_OF_ANOTHER_BUILD("55000", Kind.SYSTEM, false),
    ENGINE_UNAVAILABLE("57P03", Kind.SYSTEM, true),
    INTERNAL("XX000", Kind.INTERNAL, false);

    /** Who has to act. */
    public enum Kind {
        USER,
        SCHEMA,
        SYSTEM,
        INTERNAL
    }

    private final String sqlState;
    private final Kind kind;
    private final boolean retryable;

    ErrorCode(String sqlState, Kind kind, boolean retryable) {
        this.sqlState = sqlState;
        this.kind = kind;
        this.retryable = retryable;
    }

    public String sqlState() {
        return sqlState;
    }

    public Kind kind() {
        return kind;
    }

    public boolean retryable() {
        return retryable;
    }
}
