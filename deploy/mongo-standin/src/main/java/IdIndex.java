import de.bwaldvogel.mongo.backend.AbstractUniqueIndex;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.KeyValue;
import de.bwaldvogel.mongo.backend.ValueComparator;
import de.bwaldvogel.mongo.bson.Document;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The index on {@code _id}, in order. The library's own answers queries by id and nothing else; this
 * one also narrows those by id and further fields (a replace by id and version) and by a range of
 * ids, which would otherwise read the whole collection. The caller checks the rest of the query on
 * the documents found.
 */
final class IdIndex extends AbstractUniqueIndex<Integer> {
  private static final Set<String> BOUNDS = Set.of("$gt", "$gte", "$lt", "$lte");

  private final NavigableMap<KeyValue, Integer> positions =
      new ConcurrentSkipListMap<>(Comparator.comparing(key -> key.get(0), ValueComparator.asc()));

  IdIndex(String name, List<IndexKey> keys, boolean sparse) {
    super(name, keys, sparse);
  }

  @Override
  public synchronized boolean canHandle(Document query) {
    if (!query.containsKey("_id")) {
      return false;
    }
    Object id = query.get("_id");
    return id instanceof String || isRange(id) || super.canHandle(new Document("_id", id));
  }

  @Override
  public synchronized Iterable<Integer> getPositions(Document query) {
    Object id = query.get("_id");
    return isRange(id) ? new ArrayList<>(within((Document) id).values()) : super.getPositions(query);
  }

  private static boolean isRange(Object id) {
    return id instanceof Document bounds
        && !bounds.isEmpty()
        && BOUNDS.containsAll(bounds.keySet())
        && bounds.values().stream().allMatch(String.class::isInstance)
        && !(bounds.containsKey("$gt") && bounds.containsKey("$gte"))
        && !(bounds.containsKey("$lt") && bounds.containsKey("$lte"));
  }

  /** What is within the bounds, of which a range has one at each end at most. */
  private Map<KeyValue, Integer> within(Document bounds) {
    KeyValue lower = bound(bounds, "$gt", "$gte");
    KeyValue upper = bound(bounds, "$lt", "$lte");
    boolean fromLower = bounds.containsKey("$gte");
    boolean toUpper = bounds.containsKey("$lte");
    if (lower == null) {
      return positions.headMap(upper, toUpper);
    }
    if (upper == null) {
      return positions.tailMap(lower, fromLower);
    }
    if (positions.comparator().compare(lower, upper) > 0) {
      return Map.of();
    }
    return positions.subMap(lower, fromLower, upper, toUpper);
  }

  private static KeyValue bound(Document bounds, String exclusive, String inclusive) {
    Object value = bounds.getOrDefault(exclusive, bounds.get(inclusive));
    return value == null ? null : new KeyValue(value);
  }

  @Override
  public long getCount() {
    return positions.size();
  }

  @Override
  public long getDataSize() {
    return getCount();
  }

  @Override
  protected Integer removeDocument(KeyValue key) {
    return positions.remove(key);
  }

  @Override
  protected boolean putKeyPosition(KeyValue key, Integer position) {
    return positions.putIfAbsent(key, position) == null;
  }

  @Override
  protected Integer getPosition(KeyValue key) {
    return positions.get(key);
  }

  @Override
  protected Iterable<Map.Entry<KeyValue, Integer>> getIterable() {
    return positions.entrySet();
  }
}
