// SPDX-License-Identifier: GPL-2.0
/* The smallest guest there is: it crashes as soon as it runs. Made paused, it is a
 * domain that can be destroyed, or made to crash at a chosen moment.
 */
#include <stdint.h>
#include <xen/xen.h>
#include <xen/elfnote.h>
#include <xen/sched.h>

void _start(void);

void _start(void)
{
	static struct sched_shutdown crash = { .reason = SHUTDOWN_crash };
	register long result asm("rax") = __HYPERVISOR_sched_op;

	asm volatile("syscall" : "+r" (result) : "D" (SCHEDOP_shutdown), "S" (&crash)
		     : "rcx", "r11", "memory");
	for (;;)
		;
}

/* What the toolstack looks for in a kernel: the pages' address, where to begin. */
#define STR_(x)	#x
#define STR(x)	STR_(x)
#define NOTE(type, value)						\
	asm(".pushsection .note.Xen, \"a\", @note\n"			\
	    ".long 4, 2f - 1f, " STR(type) "\n"			\
	    ".asciz \"Xen\"\n"						\
	    "1:	" value "\n"						\
	    "2:	.align 4\n"						\
	    ".popsection")

NOTE(XEN_ELFNOTE_GUEST_OS, ".asciz \"tiny\"");
NOTE(XEN_ELFNOTE_XEN_VERSION, ".asciz \"xen-3.0\"");
NOTE(XEN_ELFNOTE_LOADER, ".asciz \"generic\"");
NOTE(XEN_ELFNOTE_VIRT_BASE, ".quad 0");
NOTE(XEN_ELFNOTE_ENTRY, ".quad _start");
