package gateway

import (
	"context"
	"errors"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/reflect/protoreflect"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/gateway/internal/transcode"
)

// packages are those of the API whose services are served.
var packages = []protoreflect.FullName{
	profilev1.File_kehu_profile_v1_customer_service_proto.Package(),
	valuationv1.File_kehu_valuation_v1_valuation_service_proto.Package(),
	segmentationv1.File_kehu_segmentation_v1_segment_service_proto.Package(),
	referralv1.File_kehu_referral_v1_program_service_proto.Package(),
	feedbackv1.File_kehu_feedback_v1_survey_service_proto.Package(),
}

// register adds the generated handlers of every service. Where two routes fit a
// path the one added later is taken.
func register(ctx context.Context, mux *runtime.ServeMux, d Deps) error {
	return errors.Join(
		profilev1.RegisterCustomerServiceHandlerClient(ctx, mux, profilev1.NewCustomerServiceClient(d.Profile)),
		profilev1.RegisterOrderServiceHandlerClient(ctx, mux, profilev1.NewOrderServiceClient(d.Profile)),
		profilev1.RegisterMergingServiceHandlerClient(ctx, mux, profilev1.NewMergingServiceClient(d.Profile)),
		profilev1.RegisterCustomerUpdateServiceHandlerClient(ctx, mux, profilev1.NewCustomerUpdateServiceClient(d.Profile)),
		profilev1.RegisterImportServiceHandlerClient(ctx, mux, profilev1.NewImportServiceClient(d.Profile)),
		profilev1.RegisterRecommendationServiceHandlerClient(ctx, mux, profilev1.NewRecommendationServiceClient(d.Profile)),
		profilev1.RegisterExchangeRateServiceHandlerClient(ctx, mux, profilev1.NewExchangeRateServiceClient(d.Profile)),
		profilev1.RegisterDataQualityServiceHandlerClient(ctx, mux, profilev1.NewDataQualityServiceClient(d.Profile)),
		profilev1.RegisterExportServiceHandlerClient(ctx, mux, profilev1.NewExportServiceClient(transcode.Trailing(d.Profile))),
		profilev1.RegisterIdentifierServiceHandlerClient(ctx, mux, profilev1.NewIdentifierServiceClient(d.Profile)),
		profilev1.RegisterAttributeDefinitionServiceHandlerClient(ctx, mux, profilev1.NewAttributeDefinitionServiceClient(d.Profile)),
		profilev1.RegisterConsentServiceHandlerClient(ctx, mux, profilev1.NewConsentServiceClient(d.Profile)),
		profilev1.RegisterLeadServiceHandlerClient(ctx, mux, profilev1.NewLeadServiceClient(d.Profile)),
		profilev1.RegisterAccountServiceHandlerClient(ctx, mux, profilev1.NewAccountServiceClient(d.Profile)),
		profilev1.RegisterCareServiceHandlerClient(ctx, mux, profilev1.NewCareServiceClient(d.Profile)),
		profilev1.RegisterStyleServiceHandlerClient(ctx, mux, profilev1.NewStyleServiceClient(d.Profile)),
		profilev1.RegisterEventServiceHandlerClient(ctx, mux, profilev1.NewEventServiceClient(d.Profile)),
		profilev1.RegisterDuplicateServiceHandlerClient(ctx, mux, profilev1.NewDuplicateServiceClient(d.Profile)),
		profilev1.RegisterAnalysisServiceHandlerClient(ctx, mux, profilev1.NewAnalysisServiceClient(d.Profile)),
		profilev1.RegisterJourneyServiceHandlerClient(ctx, mux, profilev1.NewJourneyServiceClient(d.Profile)),
		profilev1.RegisterRightsServiceHandlerClient(ctx, mux, profilev1.NewRightsServiceClient(d.Profile)),
		profilev1.RegisterOperationServiceHandlerClient(ctx, mux, profilev1.NewOperationServiceClient(d.Profile)),
		valuationv1.RegisterValuationServiceHandlerClient(ctx, mux, valuationv1.NewValuationServiceClient(d.Valuation)),
		valuationv1.RegisterRetentionServiceHandlerClient(ctx, mux, valuationv1.NewRetentionServiceClient(d.Valuation)),
		valuationv1.RegisterLifetimeValueServiceHandlerClient(ctx, mux, valuationv1.NewLifetimeValueServiceClient(d.Valuation)),
		valuationv1.RegisterEconomicsServiceHandlerClient(ctx, mux, valuationv1.NewEconomicsServiceClient(d.Valuation)),
		valuationv1.RegisterModelServiceHandlerClient(ctx, mux, valuationv1.NewModelServiceClient(d.Valuation)),
		valuationv1.RegisterAlertServiceHandlerClient(ctx, mux, valuationv1.NewAlertServiceClient(d.Valuation)),
		valuationv1.RegisterAggregateServiceHandlerClient(ctx, mux, valuationv1.NewAggregateServiceClient(d.Valuation)),
		valuationv1.RegisterLoyaltyServiceHandlerClient(ctx, mux, valuationv1.NewLoyaltyServiceClient(d.Valuation)),
		valuationv1.RegisterInfluenceServiceHandlerClient(ctx, mux, valuationv1.NewInfluenceServiceClient(d.Valuation)),
		valuationv1.RegisterIndicatorServiceHandlerClient(ctx, mux, valuationv1.NewIndicatorServiceClient(d.Valuation)),
		valuationv1.RegisterPersonalDataServiceHandlerClient(ctx, mux, valuationv1.NewPersonalDataServiceClient(d.Valuation)),
		valuationv1.RegisterOperationServiceHandlerClient(ctx, mux, valuationv1.NewOperationServiceClient(d.Valuation)),
		segmentationv1.RegisterSegmentServiceHandlerClient(ctx, mux, segmentationv1.NewSegmentServiceClient(d.Segmentation)),
		segmentationv1.RegisterFactServiceHandlerClient(ctx, mux, segmentationv1.NewFactServiceClient(d.Segmentation)),
		segmentationv1.RegisterSegmentEstimateServiceHandlerClient(ctx, mux, segmentationv1.NewSegmentEstimateServiceClient(d.Segmentation)),
		segmentationv1.RegisterMembershipServiceHandlerClient(ctx, mux, segmentationv1.NewMembershipServiceClient(d.Segmentation)),
		segmentationv1.RegisterSegmentRevisionServiceHandlerClient(ctx, mux, segmentationv1.NewSegmentRevisionServiceClient(d.Segmentation)),
		segmentationv1.RegisterSegmentKpiServiceHandlerClient(ctx, mux, segmentationv1.NewSegmentKpiServiceClient(d.Segmentation)),
		segmentationv1.RegisterPersonalDataServiceHandlerClient(ctx, mux, segmentationv1.NewPersonalDataServiceClient(d.Segmentation)),
		segmentationv1.RegisterStrategyServiceHandlerClient(ctx, mux, segmentationv1.NewStrategyServiceClient(d.Segmentation)),
		segmentationv1.RegisterActionServiceHandlerClient(ctx, mux, segmentationv1.NewActionServiceClient(d.Segmentation)),
		segmentationv1.RegisterSchemeServiceHandlerClient(ctx, mux, segmentationv1.NewSchemeServiceClient(d.Segmentation)),
		segmentationv1.RegisterSegmentTemplateServiceHandlerClient(ctx, mux, segmentationv1.NewSegmentTemplateServiceClient(d.Segmentation)),
		segmentationv1.RegisterCampaignServiceHandlerClient(ctx, mux, segmentationv1.NewCampaignServiceClient(d.Segmentation)),
		segmentationv1.RegisterOperationServiceHandlerClient(ctx, mux, segmentationv1.NewOperationServiceClient(d.Segmentation)),
		referralv1.RegisterProgramServiceHandlerClient(ctx, mux, referralv1.NewProgramServiceClient(d.Referral)),
		referralv1.RegisterAdvocateServiceHandlerClient(ctx, mux, referralv1.NewAdvocateServiceClient(d.Referral)),
		referralv1.RegisterAdvocateUpdateServiceHandlerClient(ctx, mux, referralv1.NewAdvocateUpdateServiceClient(d.Referral)),
		referralv1.RegisterLedgerServiceHandlerClient(ctx, mux, referralv1.NewLedgerServiceClient(d.Referral)),
		referralv1.RegisterPersonalDataServiceHandlerClient(ctx, mux, referralv1.NewPersonalDataServiceClient(d.Referral)),
		feedbackv1.RegisterSurveyServiceHandlerClient(ctx, mux, feedbackv1.NewSurveyServiceClient(d.Feedback)),
		feedbackv1.RegisterSatisfactionServiceHandlerClient(ctx, mux, feedbackv1.NewSatisfactionServiceClient(d.Feedback)),
		feedbackv1.RegisterSatisfactionUpdateServiceHandlerClient(ctx, mux, feedbackv1.NewSatisfactionUpdateServiceClient(d.Feedback)),
		feedbackv1.RegisterPersonalDataServiceHandlerClient(ctx, mux, feedbackv1.NewPersonalDataServiceClient(d.Feedback)),
	)
}
