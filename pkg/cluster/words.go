package cluster

import "fmt"

// Ground is a stable name of why a number of clusters is recommended.
type Ground string

// The reasons of recommendations.
const (
	// RecommendedBoth means that silhouette and elbow agree.
	RecommendedBoth Ground = "SILHOUETTE_AND_ELBOW"
	// RecommendedSilhouette means that the silhouette is highest there.
	RecommendedSilhouette Ground = "SILHOUETTE_HIGHEST"
	// RecommendedElbow means that silhouettes are nearly equal, and the elbow decides.
	RecommendedElbow Ground = "ELBOW_AMONG_EQUALS"
	// RecommendedWeak means that no number of clusters separates the rows well: the
	// one named has the highest silhouette all the same.
	RecommendedWeak Ground = "WEAK_STRUCTURE"
)

const (
	// NearlyEqual is a difference of silhouettes that decides nothing by itself.
	NearlyEqual = 0.02
	// WeakStructure is the silhouette below which clusters are hardly apart (L. Kaufman
	// and P. Rousseeuw, Finding Groups in Data, 1990: at most 0.25, no substantial
	// structure; above 0.5 reasonable, above 0.7 strong).
	WeakStructure = 0.25
)

// words say the reason in English and in Chinese.
func (r Ground) words(chosen, best Candidate, elbow int) (english, chinese string) {
	switch r {
	case RecommendedBoth:
		return fmt.Sprintf("%d clusters: the silhouette is highest there (%.2f), and from there on more clusters reduce the inertia little.", chosen.K, chosen.Silhouette),
			fmt.Sprintf("建议分 %d 类：此时轮廓系数最高（%.2f），再多分类，组内离差下降已不明显。", chosen.K, chosen.Silhouette)
	case RecommendedElbow:
		return fmt.Sprintf("%d clusters: the silhouette (%.2f) is nearly that of %d clusters (%.2f), and from %d on more clusters reduce the inertia little.", chosen.K, chosen.Silhouette, best.K, best.Silhouette, chosen.K),
			fmt.Sprintf("建议分 %d 类：轮廓系数（%.2f）与分 %d 类时（%.2f）相差无几，而从 %d 类起再多分类，组内离差下降已不明显。", chosen.K, chosen.Silhouette, best.K, best.Silhouette, chosen.K)
	case RecommendedWeak:
		return fmt.Sprintf("%d clusters have the highest silhouette (%.2f), but it is below %.2f: the rows form no clear groups, and rules may serve better.", chosen.K, chosen.Silhouette, WeakStructure),
			fmt.Sprintf("分 %d 类时轮廓系数最高（%.2f），但低于 %.2f：数据没有明显的分组，用规则细分可能更合适。", chosen.K, chosen.Silhouette, WeakStructure)
	}
	english = fmt.Sprintf("%d clusters: the silhouette is highest there (%.2f).", chosen.K, chosen.Silhouette)
	chinese = fmt.Sprintf("建议分 %d 类：此时轮廓系数最高（%.2f）。", chosen.K, chosen.Silhouette)
	if elbow > 0 {
		english += fmt.Sprintf(" The inertia falls steeply up to %d clusters.", elbow)
		chinese += fmt.Sprintf("组内离差在 %d 类之前下降明显。", elbow)
	}
	return english, chinese
}
