/* SPDX-License-Identifier: Apache-2.0 */
/* undo_boot - a machine with GRUB in a folder of a disk, whose boot parameters are set up and taken back until the power is cut. */
#ifndef TESTS_LAB_UNDO_BOOT_H
#define TESTS_LAB_UNDO_BOOT_H

void boot_disk_new(const char *dir);    /* the machine, and how its configuration looks */
void boot_disk_check(const char *dir);  /* byte for byte as it was, modes too; ends the program otherwise */
/* For every boot, then for one alone, in turn; revert() after each.  It says booting=N. */
void boot_disk_write(const char *dir, void (*revert)(void)) __attribute__((noreturn));

#endif
