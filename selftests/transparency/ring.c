// SPDX-License-Identifier: GPL-2.0
/* Messages go around a ring of MPI processes, each verified: for check-transparency. Prints a line
 * with its number after each round, until it is ended.
 */
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SIZE_MAX_BYTES	16384
#define PACE_US		50000

static unsigned char byte_of(uint32_t round, uint32_t i)
{
	return round * 31 + i * 7 + i / 251;
}

/* Now and then one that is larger than any packet. */
static uint32_t size_of(uint32_t round)
{
	return round % 16 ? 1 + round * 37 % 1400 : SIZE_MAX_BYTES;
}

int main(int argc, char **argv)
{
	static unsigned char buf[SIZE_MAX_BYTES];
	int rank, size, n;
	uint32_t round, i;
	MPI_Status status;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	for (round = 0;; round++) {
		if (!rank) {
			for (i = 0; i < size_of(round); i++)
				buf[i] = byte_of(round, i);
			MPI_Send(buf, size_of(round), MPI_BYTE, 1 % size, 0, MPI_COMM_WORLD);
		}
		MPI_Recv(buf, sizeof(buf), MPI_BYTE, (rank + size - 1) % size, 0, MPI_COMM_WORLD,
			 &status);
		MPI_Get_count(&status, MPI_BYTE, &n);
		for (i = 0; i < (uint32_t)n; i++) {
			if ((uint32_t)n == size_of(round) && buf[i] == byte_of(round, i))
				continue;
			fprintf(stderr, "rank %d: round %u is wrong\n", rank, round);
			MPI_Abort(MPI_COMM_WORLD, 1);
		}
		if (rank) {
			MPI_Send(buf, n, MPI_BYTE, (rank + 1) % size, 0, MPI_COMM_WORLD);
			continue;
		}
		printf("round=%u\n", round);
		fflush(stdout);
		usleep(PACE_US);
	}
}
