package profile_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// use is what an RPC reads a person's data for.
type use struct {
	purpose string // "named" is the one that the request names
	why     string // where there is no purpose: why none is needed
}

// named is the use of an RPC whose request has a purpose. Where it names none the
// caller keeps the records.
const named = "named"

// Why an RPC checks no purpose: it serves none but keeping the records, for which
// there is another right.
const (
	contract  = "keeps the records that serving the customer under the contract needs (GDPR 6 (1) b, PIPL 13 (2))"
	accurate  = "keeps the records correct, which is a duty (GDPR 5 (1) d, PIPL 8)"
	proof     = "keeps and shows what people have decided, which has to be proved (GDPR 7 (1))"
	history   = "shows who has changed a record, which has to be accounted for (GDPR 5 (2), PIPL 51)"
	settings  = "reads nothing of a person: the company's own settings"
	figures   = "reads nothing of a person: figures that were made for a purpose, which was checked when they were"
	deals     = "reads the open part of the company's own deals, stage, value and day, and nothing that describes a person"
	rights    = "does what the person has a right to (GDPR 15, 17, 20; PIPL 45, 47)"
	operating = "tells how far an operation has come; what it reads was checked when it ran"
)

// uses are those of all RPCs. Whoever adds an RPC says here what it reads a
// person's data for; docs/customers.md lists those with a purpose.
var uses = map[string]use{
	"AccountService.AnalyzeAccount":        {why: contract},
	"AccountService.CreateContact":         {why: contract},
	"AccountService.DeleteContact":         {why: contract},
	"AccountService.GetAccountPlan":        {why: contract},
	"AccountService.GetContact":            {why: contract},
	"AccountService.ListContacts":          {why: contract},
	"AccountService.LogOrganisationChange": {why: contract},
	"AccountService.UpdateAccountPlan":     {why: contract},
	"AccountService.UpdateContact":         {why: contract},

	"AnalysisService.CreateAnalysis":        {purpose: "analytics"},
	"AnalysisService.DeleteAnalysis":        {why: figures},
	"AnalysisService.GetAnalysis":           {why: figures},
	"AnalysisService.ListAnalyses":          {why: figures},
	"AnalysisService.ListAnalysisCustomers": {purpose: "analytics"},

	"AttributeDefinitionService.CreateAttributeDefinition": {why: settings},
	"AttributeDefinitionService.DeleteAttributeDefinition": {why: settings},
	"AttributeDefinitionService.GetAttributeDefinition":    {why: settings},
	"AttributeDefinitionService.ListAttributeDefinitions":  {why: settings},
	"AttributeDefinitionService.UpdateAttributeDefinition": {why: settings},

	"CareService.CompleteCareTask":     {purpose: "marketing"},
	"CareService.CreateCareTask":       {purpose: "marketing"},
	"CareService.GetCarePlan":          {why: contract},
	"CareService.GetCarePolicy":        {why: settings},
	"CareService.GetCareTask":          {why: contract},
	"CareService.ListCareTasks":        {purpose: "marketing"},
	"CareService.ListOverdueCareTasks": {purpose: "marketing"},
	"CareService.PlanCareTasks":        {purpose: "marketing"},
	"CareService.RescheduleCareTask":   {why: contract},
	"CareService.SkipCareTask":         {why: contract},
	"CareService.UpdateCarePlan":       {why: contract},
	"CareService.UpdateCarePolicy":     {why: settings},

	"ConsentService.BatchCheckConsents": {why: proof},
	"ConsentService.CreatePurpose":      {why: settings},
	"ConsentService.DeletePurpose":      {why: settings},
	"ConsentService.GetConsent":         {why: proof},
	"ConsentService.GetPurpose":         {why: settings},
	"ConsentService.ListConsents":       {why: proof},
	"ConsentService.ListPurposes":       {why: settings},
	"ConsentService.SetConsent":         {why: proof},
	"ConsentService.UpdatePurpose":      {why: settings},

	"CustomerService.BatchGetCustomers":    {purpose: named},
	"CustomerService.BatchUpsertCustomers": {why: contract},
	"CustomerService.CreateCustomer":       {why: contract},
	"CustomerService.DeleteCustomer":       {why: contract},
	"CustomerService.GetCustomer":          {purpose: named},
	"CustomerService.ListCustomerChanges":  {why: history},
	"CustomerService.ListCustomers":        {purpose: named},
	"CustomerService.LookupCustomer":       {purpose: named},
	"CustomerService.StreamCustomers":      {purpose: named},
	"CustomerService.UpdateCustomer":       {why: contract},

	"CustomerUpdateService.BatchGetBehaviors":         {purpose: named},
	"CustomerUpdateService.BatchGetPurchaseHistories": {purpose: named},
	"CustomerUpdateService.ListUpdatedCustomers":      {why: contract},
	"CustomerUpdateService.StreamBehaviors":           {purpose: named},

	"DataQualityService.AssessDataQuality":        {why: accurate},
	"DataQualityService.CheckCustomerDataQuality": {why: accurate},
	"DataQualityService.GetDataQualityReport":     {why: accurate},
	"DataQualityService.ListDataQualityReports":   {why: accurate},

	"DuplicateService.AcceptDuplicateCandidate":  {why: accurate},
	"DuplicateService.DismissDuplicateCandidate": {why: accurate},
	"DuplicateService.FindDuplicateCandidates":   {why: accurate},
	"DuplicateService.FindDuplicates":            {why: accurate},
	"DuplicateService.GetDuplicateCandidate":     {why: accurate},
	"DuplicateService.ListDuplicateCandidates":   {why: accurate},

	"EventService.GetEvent":          {why: contract},
	"EventService.GetVisitor":        {why: contract},
	"EventService.IngestEventStream": {why: contract},
	"EventService.IngestEvents":      {why: contract},
	"EventService.LinkVisitor":       {why: contract},
	"EventService.ListEvents":        {purpose: named},
	"EventService.ListVisitors":      {why: contract},
	"EventService.UnlinkVisitor":     {why: contract},

	"ExchangeRateService.BatchSetExchangeRates": {why: settings},
	"ExchangeRateService.ConvertMoney":          {why: settings},
	"ExchangeRateService.DeleteExchangeRate":    {why: settings},
	"ExchangeRateService.GetExchangeRate":       {why: settings},
	"ExchangeRateService.ListExchangeRates":     {why: settings},

	"ExportService.DownloadExport": {purpose: named},

	"IdentifierService.AddCustomerIdentifier":    {why: contract},
	"IdentifierService.ListCustomerIdentifiers":  {why: contract},
	"IdentifierService.RemoveCustomerIdentifier": {why: contract},

	"ImportService.AppendImport":         {why: contract},
	"ImportService.CreateImport":         {why: contract},
	"ImportService.DownloadRejectedRows": {why: contract},
	"ImportService.GetImport":            {why: contract},
	"ImportService.InspectFile":          {why: contract},
	"ImportService.ListImports":          {why: contract},
	"ImportService.StreamImport":         {why: contract},

	"JourneyService.GetCustomerJourney":   {purpose: "segmentation"},
	"JourneyService.GetJourneyPolicy":     {why: settings},
	"JourneyService.ListStageTransitions": {purpose: "segmentation"},
	"JourneyService.SetStage":             {purpose: "segmentation"},
	"JourneyService.UpdateJourneyPolicy":  {why: settings},

	"LeadService.AdvanceLead":         {why: contract},
	"LeadService.AnalyzeLeadOutcomes": {why: deals},
	"LeadService.CloseLead":           {why: contract},
	"LeadService.ConvertLead":         {why: contract},
	"LeadService.CreateLead":          {why: contract},
	"LeadService.DeleteLead":          {why: contract},
	"LeadService.ForecastLeads":       {why: deals},
	"LeadService.GetLead":             {why: contract},
	"LeadService.GetLeadPolicy":       {why: settings},
	"LeadService.ListLeads":           {why: contract},
	"LeadService.UpdateLead":          {why: contract},
	"LeadService.UpdateLeadPolicy":    {why: settings},

	"MergingService.GetMergeRecord":       {why: accurate},
	"MergingService.ListMergeLinkChanges": {why: accurate},
	"MergingService.ListMergeLinks":       {why: accurate},
	"MergingService.ListMergeRecords":     {why: accurate},
	"MergingService.MergeCustomers":       {why: accurate},
	"MergingService.UnmergeCustomers":     {why: accurate},

	"OperationService.CancelOperation": {why: operating},
	"OperationService.GetOperation":    {why: operating},
	"OperationService.ListOperations":  {why: operating},
	"OperationService.WaitOperation":   {why: operating},
	"OperationService.WatchOperation":  {why: operating},

	"OrderService.BatchRecordOrders":       {why: contract},
	"OrderService.CancelOrder":             {why: contract},
	"OrderService.GetOrder":                {why: contract},
	"OrderService.ListOrders":              {purpose: named},
	"OrderService.ReturnOrder":             {why: contract},
	"OrderService.StreamPurchaseHistories": {purpose: named},
	"OrderService.UpdateOrder":             {why: contract},

	"RecommendationService.GetRecommendationModel":   {why: figures},
	"RecommendationService.ListRecommendationModels": {why: figures},
	"RecommendationService.ListSearchGaps":           {why: figures},
	"RecommendationService.ListSuggestions":          {purpose: "segmentation"},
	"RecommendationService.TrainRecommendationModel": {purpose: "analytics"},

	"RightsService.DeletePersonalDataExport":   {why: rights},
	"RightsService.DownloadPersonalDataExport": {why: rights},
	"RightsService.EraseCustomer":              {why: rights},
	"RightsService.ExportCustomer":             {why: rights},
	"RightsService.GetErasureReceipt":          {why: rights},
	"RightsService.GetPersonalDataExport":      {why: rights},
	"RightsService.ListErasureReceipts":        {why: rights},
	"RightsService.VerifyErasureReceipt":       {why: rights},

	"StyleService.DeleteStyleObservation": {why: contract},
	"StyleService.GetBehaviorStyle":       {purpose: "segmentation"},
	"StyleService.ListStyleObservations":  {why: contract},
	"StyleService.ListStyleSigns":         {why: settings},
	"StyleService.ObserveBehavior":        {purpose: "segmentation"},
}

// methods calls back with every RPC of the service.
func methods(each func(name string, m protoreflect.MethodDescriptor)) {
	protoregistry.GlobalFiles.RangeFilesByPackage("kehu.profile.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				each(string(service.Name())+"."+string(m.Name()), m)
			}
		}
		return true
	})
}

func TestEveryMethodDeclaresItsPurpose(t *testing.T) {
	page, err := os.ReadFile("../../docs/customers.md")
	must(t, err)
	documented := func(name, purpose string) bool {
		return slices.ContainsFunc(strings.Split(string(page), "\n"), func(line string) bool {
			return strings.Contains(line, "`"+name+"`") && strings.Contains(line, purpose)
		})
	}
	there := map[string]bool{}
	methods(func(name string, m protoreflect.MethodDescriptor) {
		there[name] = true
		u, declared := uses[name]
		switch {
		case !declared:
			t.Errorf("%s: say in uses what it reads a person's data for, or why it needs no purpose", name)
			return
		case (u.purpose == "") == (u.why == ""):
			t.Errorf("%s: must have a purpose or a reason for having none, and not both", name)
		}
		asks := m.Input().Fields().ByName("purpose")
		if names := asks != nil && asks.Kind() == protoreflect.StringKind; names != (u.purpose == named) && !inNamed[name] {
			t.Errorf("%s: its request names a purpose is %v, and its use is %q", name, names, u.purpose)
		}
		if u.purpose == "" {
			return
		}
		if _, method, _ := strings.Cut(name, "."); !documented(method, u.purpose) {
			t.Errorf("%s: docs/customers.md does not say that its purpose is %s", name, u.purpose)
		}
		if probes[name] == nil {
			t.Errorf("%s: there is no probe of whether it leaves out who does not allow %s", name, u.purpose)
		}
	})
	for name := range uses {
		if !there[name] {
			t.Errorf("%s is declared, and no longer there", name)
		}
	}
	for name := range probes {
		if uses[name].purpose == "" {
			t.Errorf("%s is probed, and declares no purpose", name)
		}
	}
}

// inNamed are methods whose requests have a purpose for something else: the one
// that is asked about, or a further one.
var inNamed = map[string]bool{
	"ConsentService.BatchCheckConsents":     true,
	"AnalysisService.ListAnalysisCustomers": true,
}
