/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - what vlat-lab and the lab's init say to each other over one virtio
 * port: frames of a type, a length and that many bytes.
 *
 *	init -> host	HELLO (ready for the job), OUT, ERR (what the command wrote), EXIT (how it ended: wait status),
 *			FAIL (a sentence: the lab could not start the command)
 *	host -> init	JOB (struct below), IN (typed by the person), SIZE (of the person's terminal)
 *
 * A job is a list of strings, each with a letter before and a NUL behind it:
 * 'a' one word of the command, 'e' one variable of its environment, 'd' its
 * folder, 's' a shared folder ("TAG PATH"), 'm' the modules folder of the
 * running kernel, 'r' type of the root ("9p", "virtiofs"), 't' on a terminal.
 */
#ifndef LAB_WIRE_H
#define LAB_WIRE_H

#include <stdint.h>

#define LAB_PORT      "org.vlat.lab"
#define LAB_ROOT_TAG  "root"
#define LAB_FRAME_MAX (1u << 20)

enum lab_frame_type {
	LAB_HELLO = 'H',
	LAB_JOB = 'J',
	LAB_OUT = 'o',
	LAB_ERR = 'e',
	LAB_IN = 'i',
	LAB_SIZE = 'w',
	LAB_EXIT = 'x',
	LAB_FAIL = 'f',
};

/* Both ends are of one machine and one build: no byte order to care for. */
struct lab_frame {
	uint32_t type; /* enum lab_frame_type */
	uint32_t len;
};

/* LAB_SIZE */
struct lab_size {
	uint16_t rows, columns;
};

#endif
