#include "store/basis.h"

#include "base/clock.h"
#include "store/inside.h"

void store_basis_begin(struct basis *basis)
{
	basis->whole = true;
	basis->until = UINT64_MAX;
	basis->count = 0;
}

static bool has_stamp(const struct basis *basis, const struct stamp *stamp)
{
	for (size_t i = 0; i < basis->count; i++)
		if (basis->stamps[i].place == stamp->place)
			return basis->stamps[i].batch == stamp->batch;
	return false;
}

void store_basis_add(struct basis *basis, const struct tx *tx)
{
	if (!tx->glance || !sqlite3_get_autocommit(tx->db))
		basis->whole = false;
	if (tx->until < basis->until)
		basis->until = tx->until;
	for (size_t i = 0; i < tx->seen_count && basis->whole; i++) {
		if (has_stamp(basis, &tx->seen[i]))
			continue;
		basis->whole = basis->count < BASIS_MAX;
		if (basis->whole)
			basis->stamps[basis->count++] = tx->seen[i];
	}
}

bool store_basis_holds(const struct store *store, const struct basis *basis)
{
	return basis->whole && clock_now() < basis->until &&
	       stamps_stay(store->stamps, basis->stamps, basis->count);
}
