// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

/**
 * A setting as SHOW CONFIG shows it.
 *
 * @param changeable whether it can change while the proxy runs
 */
public record ShownSetting(String name, String value, String defaultText, boolean changeable) {}
